"""Names and limits of approvals."""

EXPIRE_KIND = "approvals.expire"
TELL_KIND = "approvals.tell"
TALLY_KIND = "approvals.tally"
SWEEP_KIND = "approvals.sweep"
# Seconds in which a person can take a decision back in the portal.
UNDO_S = 8
