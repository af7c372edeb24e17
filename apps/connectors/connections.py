"""Writes to connections: connect, test, disconnect, health."""
