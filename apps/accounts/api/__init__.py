"""HTTP API of people."""
