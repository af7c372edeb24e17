"""Names and limits of workflows."""

from django.conf import settings

from apps.core.revision import current_revision

RUN_KIND = "workflows.run"
RECONCILE_KIND = "workflows.reconcile"
CANCEL_KIND = "workflows.apply_cancel"
# Steps run for one run in one checkpoint; a longer chain goes on in the next, so that no run holds the others up.
STEPS_PER_CHECKPOINT = 200
OUTPUT_LIMIT_BYTES = 1_000_000
# Seconds between looks at a run whose step type this code does not know (a newer or older release runs beside it).
UNKNOWN_TYPE_PAUSE_S = 60.0
# Seconds added to a step's time limit before its claim counts as stuck.
CALL_MARGIN_S = 15.0
QUIESCENCE_S = 30.0
REVISION_AGE_S = 60.0


def code_revision() -> str:
    """The revision of the running code as of at most a minute ago, marked when the checkout differs from its commit."""
    return current_revision(max_age_s=REVISION_AGE_S).label


def quiescence_s() -> float:
    """Seconds after a call's time limit before its outcome may be looked up: a late arrival must not overtake the question."""
    return float(getattr(settings, "WORKFLOWS", {}).get("quiescence_s", QUIESCENCE_S))
