"""From a goal in words to a workflow that may be published: sketch, mend, check, repair. Nothing is saved unasked."""
