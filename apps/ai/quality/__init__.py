"""The quality gate: rubric in, scores with reasons out."""
