"""Telling people that a decision is wanted, by every channel that is there. A message never carries the right to decide."""

import logging
from uuid import UUID

from apps.workflows.approvals.channels import ApprovalMessage, approval_channels
from apps.workflows.approvals.enums import ApprovalState
from apps.workflows.approvals.models import Approval, ApprovalVote
from apps.workflows.approvals.people import deciders_of

logger = logging.getLogger(__name__)


def tell(*, approval_id: UUID, occasion: str) -> int:
    """Message everybody who may still decide; nobody once it is decided. One channel's failure does not silence the others.

    Returns how many channels took it. Raises the last error when one did not, so that the job is tried again; each channel sends
    once for an occasion, so those that took it do nothing then.
    """
    row = Approval.objects.filter(pk=approval_id).first()
    if row is None or row.state != ApprovalState.PENDING:
        return 0
    said = set(ApprovalVote.objects.filter(approval=row).values_list("person_id", flat=True))
    to = tuple(one for one in deciders_of(row) if (one.deputy_of or one.user_id) not in said)
    message = ApprovalMessage(approval=row, occasion=occasion, to=to)
    taken, problem = 0, None
    for channel in approval_channels:
        try:
            channel.send(message)
            taken += 1
        except Exception as error:  # noqa: BLE001 - whatever a channel's code raises is that channel's failure
            problem = error
            logger.warning("an approval could not be told", extra={"channel": channel.name, "error": str(error)[:200]})
    if problem is not None:
        raise problem
    return taken
