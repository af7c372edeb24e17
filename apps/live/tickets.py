"""Tickets for streams: a signed note of who may hear what on which host, good for two minutes.

The events process has no sessions and asks no tables who somebody is: whoever shows a ticket was a member with the needed
permissions when it was issued. A stream ends after five minutes, so that is how long a lost membership may still hear ids.
"""

from dataclasses import asdict, dataclass
from datetime import timedelta

from django.core import signing

from apps.live.errors import TicketRefused

SALT = "live.ticket"
GOOD_FOR_S = 120
MAX_TOPICS = 12


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """Who may hear which topics of which tenant, on which host."""

    tenant_id: int
    epoch: int
    user_id: int
    host: str
    topics: tuple[str, ...]


def sign(ticket: Ticket) -> str:
    """The ticket as text for an address."""
    return signing.dumps(asdict(ticket), salt=SALT, compress=True)


def read(text: str, *, host: str, max_age_s: float = GOOD_FOR_S) -> Ticket:
    """The ticket, when it is genuine, fresh and for this host. Raises ``TicketRefused``."""
    try:
        stored = signing.loads(text, salt=SALT, max_age=timedelta(seconds=max_age_s))
        ticket = Ticket(**{**stored, "topics": tuple(stored["topics"])})
    except (signing.BadSignature, TypeError, KeyError, ValueError):
        raise TicketRefused(detail="not a good ticket") from None
    if ticket.host != host:
        raise TicketRefused(detail="ticket of another host")
    return ticket
