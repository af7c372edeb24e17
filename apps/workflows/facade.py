"""The door to workflows for other apps. Every function works in the current tenant, inside the caller's transaction."""

from apps.workflows.approvals.deciding import decide as decide_approval
from apps.workflows.approvals.reading import count_pending as count_pending_approvals
from apps.workflows.insight import list_day_flows, list_live_steps
from apps.workflows.palette import describe_steps
from apps.workflows.presentation import TraceLine, trace_of
from apps.workflows.selectors import cancelled_by, get_run, list_effects_in_review, list_runs
from apps.workflows.services.cancelling import hold_cancel, undo_cancel
from apps.workflows.services.definitions import (
    archive_workflow,
    create_workflow,
    ensure_workflow,
    get_workflow,
    rename_workflow,
    restore_workflow,
    validate_definition,
)
from apps.workflows.services.recovery import cancel_run, replay_run, resolve_effect, retry_run
from apps.workflows.services.runs import signal_run, start_run
from apps.workflows.services.versions import (
    diff_versions,
    get_version,
    list_version_changes,
    list_versions,
    publish_workflow,
    rollback_workflow,
)

__all__ = [
    "TraceLine",
    "archive_workflow",
    "cancel_run",
    "cancelled_by",
    "count_pending_approvals",
    "create_workflow",
    "decide_approval",
    "describe_steps",
    "diff_versions",
    "ensure_workflow",
    "get_run",
    "get_version",
    "get_workflow",
    "hold_cancel",
    "list_day_flows",
    "list_effects_in_review",
    "list_live_steps",
    "list_runs",
    "list_version_changes",
    "list_versions",
    "publish_workflow",
    "rename_workflow",
    "replay_run",
    "resolve_effect",
    "restore_workflow",
    "retry_run",
    "rollback_workflow",
    "signal_run",
    "start_run",
    "trace_of",
    "undo_cancel",
    "validate_definition",
]
