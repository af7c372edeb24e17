"""Writes of workflows, by topic."""
