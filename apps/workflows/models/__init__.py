"""Tables of workflows."""

from apps.workflows.builder.models import DraftChange, StepSample, Trial, WorkflowDraft
from apps.workflows.models.definitions import Secret, VersionChange, Workflow, WorkflowVersion
from apps.workflows.models.runs import Effect, Evidence, HeldCancel, Run, RunEvent, StepRun, UsageEntry

__all__ = [
    "DraftChange",
    "Effect",
    "Evidence",
    "HeldCancel",
    "Run",
    "RunEvent",
    "Secret",
    "StepRun",
    "StepSample",
    "Trial",
    "UsageEntry",
    "VersionChange",
    "Workflow",
    "WorkflowDraft",
    "WorkflowVersion",
]
