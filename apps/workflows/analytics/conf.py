"""Names and limits of analytics."""

ROLL_UP_KIND = "workflows.rollup"
# Days measured again each time; older ones again while runs of theirs were open, and once a day as far back as LONG_LOOK.
SHORT_LOOK_DAYS = 3
LONG_LOOK_DAYS = 35
