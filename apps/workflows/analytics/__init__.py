"""How workflows and their steps do over time: from sums per day, so that a page costs the same however many runs there are."""
