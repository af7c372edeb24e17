"""Tables of workflows."""

from apps.workflows.models.definitions import Secret, VersionChange, Workflow, WorkflowVersion
from apps.workflows.models.runs import Effect, Evidence, Run, RunEvent, StepRun, UsageEntry

__all__ = [
    "Effect",
    "Evidence",
    "Run",
    "RunEvent",
    "Secret",
    "StepRun",
    "UsageEntry",
    "VersionChange",
    "Workflow",
    "WorkflowVersion",
]
