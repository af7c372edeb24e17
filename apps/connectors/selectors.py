"""Reads of connections, databases, pages and conflicts."""
