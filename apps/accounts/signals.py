"""What happens to people. Sent after commit; hints, the rows are the truth."""

from dataclasses import dataclass

from apps.core.events import Event, EventSignal


@dataclass(frozen=True, kw_only=True)
class MembershipChanged(Event):
    """A person joined, left or got another role. ``role`` is empty when the person left."""

    user_id: int
    role: str
    actor_id: int | None


@dataclass(frozen=True, kw_only=True)
class InvitationSent(Event):
    """Somebody was invited."""

    invitation_id: int
    actor_id: int | None


membership_changed = EventSignal()
invitation_sent = EventSignal()
