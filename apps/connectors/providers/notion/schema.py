"""Declared databases against the ones in Notion."""
