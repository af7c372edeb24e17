"""What other apps may know of a tenant."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class TenantRef:
    """Enough of a tenant to work for it. ``epoch`` rises when its data is restored; older work is void then."""

    id: int
    schema_name: str
    slug: str
    name: str
    epoch: int
    launch_stage: str
    status: str


@dataclass(frozen=True, kw_only=True)
class Limit:
    """One entitlement of a plan: ``amount`` None means unlimited, ``unit`` says what is counted."""

    key: str
    amount: int | None
    unit: str


@dataclass(frozen=True, kw_only=True)
class PlanOffer:
    """A plan anybody may choose: limits by entitlement (None: unlimited), prices in minor units by currency and period."""

    key: str
    name: str
    description: str
    limits: Mapping[str, int | None]
    prices: Mapping[str, Mapping[str, int]]
