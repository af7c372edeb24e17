"""Measurements against the goals: ``python -m tests.bench.<name>`` prints figures and appends them to ``docs/measurements/``."""
