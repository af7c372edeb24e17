"""S1 and S2: hostile addresses, expressions, texts and models against the real product. ``python -m tests.hostile``."""
