"""The Living Canvas: a moving picture of what the workspace is doing, and the same as a list."""
