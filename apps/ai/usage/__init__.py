"""What calls cost, added up by day, workflow, model, purpose, person and kind of task."""
