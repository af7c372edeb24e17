"""What dispatch runs for approvals: thin entry points, one service call each, safe to run twice."""

from uuid import UUID

from apps.dispatch.contracts import JobContext
from apps.workflows.approvals import deciding, telling


def expire(job: JobContext) -> None:
    """Refuse a question whose time is over."""
    deciding.expire_if_due(UUID(job.work.ref))


def tally(job: JobContext) -> None:
    """Count a vote that can no longer be taken back."""
    deciding.tally(UUID(job.work.ref.partition(":")[0]))


def tell(job: JobContext) -> None:
    """Mail and message those who may decide."""
    approval_id, _, occasion = job.work.ref.partition(":")
    telling.tell(approval_id=UUID(approval_id), occasion=occasion)


def sweep(job: JobContext) -> None:
    """Catch up with what hints missed."""
    deciding.sweep()
