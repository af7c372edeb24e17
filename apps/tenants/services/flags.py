"""Feature flags: off by default, on for named tenants, for a stable share of them, or for all.

Read on every page, so the two small tables are remembered for a few seconds per process; inside a transaction the memory is
read but never filled. Which tenants a share holds follows from their id and the flag's name alone: raising the share adds
tenants and never takes one out.
"""

import hashlib
import logging
import threading
import time
from dataclasses import dataclass

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from apps.core.errors import InvalidInput, Misconfigured
from apps.tenants.context import current_tenant
from apps.tenants.enums import FlagState, TenantEventKind
from apps.tenants.models import Tenant
from apps.tenants.models_flags import FeatureFlag, FlagChoice
from apps.tenants.registries import feature_flags
from apps.tenants.services.records import record_event

MEMORY_SECONDS = 3.0
logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class _Known:
    states: dict[str, tuple[str, int]]
    choices: dict[tuple[str, int], bool]


class _Memory(threading.local):
    until: float = 0.0
    known: _Known | None = None


_memory = _Memory()


def flag_is_on(name: str, *, tenant_id: int | None = None) -> bool:
    """Whether a tenant (the current one when none is named) has a feature.

    A name no app registered is a mistake: ``Misconfigured`` where ``FLAGS_STRICT`` is set (development, tests), elsewhere it
    is logged and off. Outside a tenant without ``tenant_id`` raises ``NoTenant``.
    """
    if name not in feature_flags:
        if settings.FLAGS_STRICT:
            raise Misconfigured(f"Unknown feature flag {name!r}: register it from the plug.py of its app.")
        logger.error("unknown feature flag", extra={"flag": name})
        return False
    identity = current_tenant().id if tenant_id is None else tenant_id
    known = _read()
    chosen = known.choices.get((name, identity))
    if chosen is not None:
        return chosen
    state, percent = known.states.get(name, (FlagState.OFF, 0))
    return state == FlagState.ON or (state == FlagState.SHARE and is_in_share(name, identity, percent))


def is_in_share(name: str, tenant_id: int, percent: int) -> bool:
    """Whether a tenant is among the first ``percent`` of 100 equally likely places, which differ from flag to flag."""
    digest = hashlib.sha256(f"{name}:{tenant_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % 100 < percent


def change_flag(*, name: str, state: str, percent: int, actor_id: int | None, note: str = "") -> None:
    """Open or close a feature; recorded. Raises ``InvalidInput`` for an unknown flag, state or share."""
    wrong = {}
    if name not in feature_flags:
        wrong["name"] = "No app asks for this flag."
    if state not in FlagState.values:
        wrong["state"] = "Choose off, on or share."
    if not 0 <= percent <= 100:
        wrong["percent"] = "Use a whole number from 0 to 100."
    if wrong:
        raise InvalidInput(fields=wrong)
    values = {"state": state, "percent": percent, "note": note, "updated_by": actor_id, "updated_at": timezone.now()}
    with transaction.atomic():
        FeatureFlag.objects.update_or_create(name=name, defaults=values)
        kind = TenantEventKind.FLAG_CHANGED
        record_event(tenant_id=None, kind=kind, actor_id=actor_id, reason=note, flag=name, state=state, percent=percent)
        transaction.on_commit(forget_flags)
    forget_flags()


def choose_flag(*, name: str, tenant_id: int, is_on: bool | None, reason: str, actor_id: int | None) -> None:
    """Give a tenant a feature (True), keep it from it (False), or let the flag decide again (None); recorded."""
    if name not in feature_flags:
        raise InvalidInput(fields={"name": "No app asks for this flag."})
    if not reason.strip():
        raise InvalidInput(fields={"reason": "Say why; it is kept with the change."})
    with transaction.atomic():
        FeatureFlag.objects.get_or_create(name=name)
        if is_on is None:
            FlagChoice.objects.filter(flag_id=name, tenant_id=tenant_id).delete()
        else:
            values = {"is_on": is_on, "reason": reason.strip()[:200]}
            FlagChoice.objects.update_or_create(flag_id=name, tenant_id=tenant_id, defaults=values)
        kind = TenantEventKind.FLAG_CHANGED
        record_event(tenant_id=tenant_id, kind=kind, actor_id=actor_id, reason=reason, flag=name, is_on=is_on)
        transaction.on_commit(forget_flags)
    forget_flags()


def write_missing_flags() -> None:
    """Give every flag the code knows a row, so that the back office can show it; existing rows stay."""
    FeatureFlag.objects.bulk_create([FeatureFlag(name=flag.name) for flag in feature_flags], ignore_conflicts=True)


def count_tenants_with(name: str) -> int:
    """How many active tenants have the flag now."""
    ids = Tenant.objects.filter(status="active").values_list("pk", flat=True)
    return sum(flag_is_on(name, tenant_id=tenant_id) for tenant_id in ids)


def forget_flags() -> None:
    """Read the tables again at the next question, in this thread."""
    _memory.known = None


def _read() -> _Known:
    if _memory.known is not None and _memory.until > time.monotonic():
        return _memory.known
    states = {
        name: (state, percent) for name, state, percent in FeatureFlag.objects.values_list("name", "state", "percent")
    }
    rows = FlagChoice.objects.values_list("flag_id", "tenant_id", "is_on")
    known = _Known(states=states, choices={(name, tenant_id): is_on for name, tenant_id, is_on in rows})
    if not connection.in_atomic_block:
        _memory.known, _memory.until = known, time.monotonic() + MEMORY_SECONDS
    return known
