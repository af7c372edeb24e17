"""Cells both sides changed."""
