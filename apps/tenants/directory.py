"""Finds tenants by id, slug or host, with a short memory in the process.

An entry is believed for ``MEMORY_SECONDS``; a change made in this process forgets it at once, one made elsewhere shows
within that time. Inside a transaction the memory is read but never filled, so that what is rolled back is not remembered.
"""

import threading
import time
from dataclasses import dataclass

from django.db import connection

from apps.tenants.contracts import TenantRef
from apps.tenants.enums import TenantStatus
from apps.tenants.errors import UnknownTenant

MEMORY_SECONDS = 3.0
MEMORY_ENTRIES = 10_000

_COLUMNS = """
    SELECT t.id, t.schema_name, t.slug, t.name, t.epoch, t.launch_stage,
           CASE WHEN n.oid IS NULL AND t.status <> 'deleted' THEN 'missing' ELSE t.status END, t.reason
    FROM public.tenants_tenant t LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = t.schema_name
"""
_BY = {
    "id": _COLUMNS + "WHERE t.id = %s",
    "slug": _COLUMNS + "WHERE t.slug = %s",
    "host": _COLUMNS
    + "JOIN public.tenants_domain d ON d.tenant_id = t.id WHERE d.domain = %s AND d.verified_at IS NOT NULL",
}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A tenant as the directory knows it: the public part and why it may be inactive."""

    ref: TenantRef
    reason: str


class Directory:
    """Process-wide memory of tenants. Unknown ones are remembered too, so that a flood of bad hosts costs little."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._memory: dict[tuple[str, object], tuple[float, Entry | None]] = {}

    def find(self, *, by: str, value: object) -> Entry:
        """The entry by ``id``, ``slug`` or verified ``host``. Raises ``UnknownTenant``, also when its schema is gone."""
        now = time.monotonic()
        known = self._memory.get((by, value))
        if known is None or known[0] < now:
            known = (now + MEMORY_SECONDS, _read(by, value))
            if not connection.in_atomic_block:
                self._remember((by, value), known)
        if known[1] is None:
            raise UnknownTenant(detail=f"no tenant with {by} {value!r}")
        return known[1]

    def forget(self) -> None:
        """Drop the whole memory: tenants change rarely and reading one again costs a millisecond."""
        with self._lock:
            self._memory = {}

    def _remember(self, key: tuple[str, object], known: tuple[float, Entry | None]) -> None:
        with self._lock:
            if len(self._memory) >= MEMORY_ENTRIES:
                self._memory = {}
            self._memory[key] = known


def _read(by: str, value: object) -> Entry | None:
    with connection.cursor() as cursor:
        cursor.execute(_BY[by], [value])
        row = cursor.fetchone()
    if row is None or row[6] in {TenantStatus.DELETED, "missing"}:
        return None
    names = ("id", "schema_name", "slug", "name", "epoch", "launch_stage", "status")
    return Entry(ref=TenantRef(**dict(zip(names, row[:7], strict=True))), reason=row[7])


directory = Directory()
