"""Pages about money and models: usage, calls, budgets, prices, routes."""
