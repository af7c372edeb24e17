"""What other apps may tell the gateway."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from apps.core.registry import Registry


@dataclass(frozen=True, kw_only=True)
class ReservationOwner:
    """Knows whether the effect behind a reservation key may still be settled, so that the sweep does not give its money back.

    ``is_under_way(key)`` runs in the tenant's context inside a transaction and answers False for keys it does not know.
    """

    name: str
    is_under_way: Callable[[str], bool]


reservation_owners: Registry[ReservationOwner] = Registry(name="reservation_owners", entry_type=ReservationOwner,
                                                          key=lambda owner: owner.name)  # fmt: skip
