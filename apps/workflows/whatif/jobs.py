"""What-if and healing as work of the queue; each is safe to run twice."""

from uuid import UUID

from apps.dispatch.contracts import JobContext
from apps.workflows.whatif import proposals, services


def judge(context: JobContext) -> None:
    """Set ended shadows against their past, then read the proofs that ended with them."""
    services.judge_what_if(UUID(context.work.ref))
    proposals.settle_proofs()


def look_after(context: JobContext) -> None:
    """Propose changes for workflows that keep failing."""
    proposals.look_after_workflows()
