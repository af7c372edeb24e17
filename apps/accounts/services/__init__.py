"""Writes: one verb per function."""
