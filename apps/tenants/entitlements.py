"""Every entitlement there is, with its unit: a plan or an override that names another key is refused."""

from dataclasses import dataclass
from types import MappingProxyType

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.core.errors import InvalidInput


@dataclass(frozen=True, kw_only=True)
class Entitlement:
    """What a limit counts and how: ``monthly`` ones start again on the first day of a month (UTC)."""

    key: str
    title: Promise
    unit: str
    monthly: bool = False


ENTITLEMENTS: MappingProxyType[str, Entitlement] = MappingProxyType({
    entry.key: entry
    for entry in (
        Entitlement(key="tasks_per_month", title=_("tasks this month"), unit="tasks", monthly=True),
        Entitlement(key="ai_cost_micros_per_month", title=_("model spend this month"), unit="micro-USD", monthly=True),
        Entitlement(key="members", title=_("people"), unit="people"),
        Entitlement(key="workspaces", title=_("connected workspaces"), unit="connections"),
        Entitlement(key="in_flight", title=_("tasks at once"), unit="items"),
        Entitlement(key="storage_mb", title=_("storage"), unit="MB"),
    )
})  # fmt: skip


def get_entitlement(key: str) -> Entitlement:
    """The entitlement by key. Raises ``LookupError`` for one that does not exist: a misspelt limit must not mean unlimited."""
    if key not in ENTITLEMENTS:
        raise LookupError(f"Unknown entitlement {key!r}: add it to apps/tenants/entitlements.py.")
    return ENTITLEMENTS[key]


def check_limits(limits: object) -> None:
    """Make sure that a plan's ``limits`` names known keys with whole numbers from 0, or null for unlimited.

    Raises ``InvalidInput`` with one message per key.
    """
    if not isinstance(limits, dict):
        raise InvalidInput(fields={"limits": "Give an object of keys and amounts."})
    wrong = {
        str(key): "Unknown limit." if key not in ENTITLEMENTS else "Use a whole number from 0, or null for unlimited."
        for key, amount in limits.items()
        if key not in ENTITLEMENTS or not (amount is None or (type(amount) is int and amount >= 0))
    }
    missing = {key: "Missing: null means unlimited." for key in ENTITLEMENTS if key not in limits}
    if wrong or missing:
        raise InvalidInput(fields={**wrong, **missing})
