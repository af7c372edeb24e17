"""What past runs would have done on another version, a draft or another model, with nothing leaving the workspace."""
