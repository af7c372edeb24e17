"""The runner: executes the pure core's actions in batches over PostgreSQL and the effect lanes."""
