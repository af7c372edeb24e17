"""What pages can watch of runs, and which topics a run belongs to."""

from uuid import UUID


def topics_of_run(run_id: str, subject_kind: str, subject_id: str) -> tuple[str, ...]:
    """The run itself and what it works for, e.g. ``task:<id>``."""
    return (f"run:{run_id}", f"{subject_kind}:{subject_id}") if subject_id else (f"run:{run_id}",)


def what_if_exists(key: str) -> bool:
    """Whether the current tenant has a comparison by that id."""
    from apps.workflows.models import WhatIf

    try:
        return WhatIf.objects.filter(pk=UUID(key)).exists()
    except ValueError:
        return False


def run_exists(key: str) -> bool:
    """Whether the current tenant has a run by that id."""
    from apps.workflows.models import Run

    try:
        return Run.objects.filter(pk=UUID(key)).exists()
    except ValueError:
        return False


def draft_exists(key: str) -> bool:
    """Whether the current tenant has a workflow by that id, so that its draft can be watched."""
    from apps.workflows.models import Workflow

    try:
        return Workflow.objects.filter(pk=UUID(key)).exists()
    except ValueError:
        return False
