"""Ways to tell people that a decision is wanted. Whoever can carry a message with a link or buttons registers one."""

from collections.abc import Callable
from dataclasses import dataclass

from apps.core.registry import Registry
from apps.workflows.approvals.models import Approval
from apps.workflows.approvals.people import Decider


@dataclass(frozen=True, kw_only=True)
class ApprovalMessage:
    """A question and whom to tell. ``occasion``: asked, reminded-…, or escalated."""

    approval: Approval
    occasion: str
    to: tuple[Decider, ...]


@dataclass(frozen=True, kw_only=True)
class ApprovalChannel:
    """One way. ``send`` runs outside any transaction, in the tenant's context. Called twice for one occasion, it sends once.

    A button in a message names the approval and its payload hash; whoever handles the press calls ``facade.decide_approval``
    with the member behind the account that pressed, channel "chat" and that hash. The message itself decides nothing.
    ``close`` is called, inside the transaction that decided, for a question that is no longer open: what was sent shall say so.
    """

    name: str
    send: Callable[[ApprovalMessage], None]
    close: Callable[[Approval], None] | None = None


approval_channels: Registry[ApprovalChannel] = Registry(
    name="workflows.approval_channels", entry_type=ApprovalChannel, key=lambda channel: channel.name
)


def close_everywhere(row: Approval) -> None:
    """Have every channel say that a question is no longer open."""
    for channel in approval_channels:
        if channel.close is not None:
            channel.close(row)
