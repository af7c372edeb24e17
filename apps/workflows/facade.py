"""The door to workflows for other apps. Every function works in the current tenant, inside the caller's transaction."""

from apps.workflows.insight import list_day_flows, list_live_steps
from apps.workflows.presentation import TraceLine, trace_of
from apps.workflows.selectors import cancelled_by, get_run, list_effects_in_review, list_runs
from apps.workflows.services.cancelling import hold_cancel, undo_cancel
from apps.workflows.services.definitions import ensure_workflow
from apps.workflows.services.recovery import cancel_run, replay_run, resolve_effect, retry_run
from apps.workflows.services.runs import signal_run, start_run

__all__ = [
    "TraceLine",
    "cancel_run",
    "cancelled_by",
    "ensure_workflow",
    "get_run",
    "hold_cancel",
    "list_day_flows",
    "list_effects_in_review",
    "list_live_steps",
    "list_runs",
    "replay_run",
    "resolve_effect",
    "retry_run",
    "signal_run",
    "start_run",
    "trace_of",
    "undo_cancel",
]
