"""Templates: workflows as data packages, with what they need, what they would do, and a rehearsal on sample data."""
