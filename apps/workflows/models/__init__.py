"""Tables of workflows."""

from apps.workflows.analytics.models import StepDay
from apps.workflows.announcing.models import Announcement, AnnouncementMail
from apps.workflows.approvals.models import (
    AllowanceDay,
    AllowRule,
    Approval,
    ApprovalMail,
    ApprovalPolicy,
    ApprovalVote,
    Deputy,
)
from apps.workflows.authoring.models import Suggestion
from apps.workflows.builder.models import DraftChange, StepSample, Trial, WorkflowDraft
from apps.workflows.library.models import TemplateInstallation
from apps.workflows.models.definitions import Secret, SecretChange, VersionChange, Workflow, WorkflowVersion
from apps.workflows.models.runs import Effect, Evidence, HeldCancel, Run, RunEvent, StepRun, UsageEntry
from apps.workflows.triggers.models import Firing, Trigger
from apps.workflows.whatif.models import HealingPolicy, Proposal, WhatIf, WhatIfRun

__all__ = [
    "AllowRule",
    "AllowanceDay",
    "Announcement",
    "AnnouncementMail",
    "Approval",
    "ApprovalMail",
    "ApprovalPolicy",
    "ApprovalVote",
    "Deputy",
    "DraftChange",
    "Effect",
    "Evidence",
    "Firing",
    "HealingPolicy",
    "HeldCancel",
    "Proposal",
    "Run",
    "RunEvent",
    "Secret",
    "SecretChange",
    "StepDay",
    "StepRun",
    "StepSample",
    "Suggestion",
    "TemplateInstallation",
    "Trial",
    "Trigger",
    "UsageEntry",
    "VersionChange",
    "WhatIf",
    "WhatIfRun",
    "Workflow",
    "WorkflowDraft",
    "WorkflowVersion",
]
