"""Whom and what an act reaches outside, said by whoever knows the rendered request; risk classes are computed from it."""

from dataclasses import dataclass
from enum import StrEnum


class Audience(StrEnum):
    """Who notices the act. Ordered from nobody to everybody."""

    NOBODY = "nobody"
    WORKSPACE = "workspace"  # members of the tenant, or places only they see
    OUTSIDE = "outside"  # named people or systems that are not the tenant's
    PUBLIC = "public"  # anybody may see it
    UNKNOWN = "unknown"  # cannot be told from the request


@dataclass(frozen=True, kw_only=True)
class Reach:
    """What one rendered request would do. The defaults describe a read; an act that is not understood is ``UNKNOWN_WRITE``.

    ``recipients`` are addresses, chats or channels as written in the request. ``amount_minor`` is in the minor unit of
    ``currency``; any amount, also zero or unknown (-1), is money. ``deletes``: something is removed or overwritten without a way
    back. ``personal``: data about people leaves for somewhere new. ``grants``: who may see or do something changes.
    ``objects`` is how many things are touched, ``destination`` the host or account that is written to.
    """

    writes: bool = False
    audience: Audience = Audience.NOBODY
    recipients: tuple[str, ...] = ()
    amount_minor: int | None = None
    currency: str = ""
    deletes: bool = False
    personal: bool = False
    grants: bool = False
    objects: int = 1
    destination: str = ""


READ = Reach()
UNKNOWN_WRITE = Reach(writes=True, audience=Audience.UNKNOWN)
