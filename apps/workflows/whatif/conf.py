"""Names and limits of what-if."""

JUDGE_KIND = "workflows.whatif"
HEALING_KIND = "workflows.healing"
# Runs one comparison may look at, and how many it looks at when nothing else is said.
MOST_RUNS = 500
USUAL_RUNS = 100
# Points of a score that chance alone may move.
SCORE_NOISE = 3
# Behind everything a person or a task waits for.
PRIORITY = 200
