"""The one place where a tenant's context is entered and left: schema, cache keys, log fields, storage prefix.

The active tenant lives in a thread-local beside the thread's own database connection, so a new thread starts without one
and has to be told. ``current_tenant`` compares the two and refuses to answer when they disagree.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from apps.core.context import bind_log_context
from apps.tenants.contracts import TenantRef
from apps.tenants.directory import directory
from apps.tenants.enums import TenantStatus
from apps.tenants.errors import NestedTenant, NoTenant, StaleEpoch, TenantInactive

PUBLIC = "public"


class _Active(threading.local):
    tenant: TenantRef | None = None
    maintained: str | None = None


_active = _Active()


@contextmanager
def tenant_context(tenant: TenantRef | int, *, allow_inactive: bool = False) -> Iterator[TenantRef]:
    """Work for one tenant inside the ``with`` block; everything is put back on exit, also after an exception.

    Entering the tenant that is active already changes nothing. Before any statement reaches a tenant's schema it raises
    ``UnknownTenant`` (no such tenant, deleted, or its schema is gone), ``TenantInactive`` (unless ``allow_inactive``),
    ``StaleEpoch`` (the given ``TenantRef`` was issued before a restore) or ``NestedTenant`` (another tenant is active).
    """
    wanted = tenant if isinstance(tenant, int) else tenant.id
    outer = _active.tenant
    if outer is not None:
        if outer.id != wanted:
            raise NestedTenant(detail=f"tenant {wanted} asked for inside tenant {outer.id}")
        _require_agreement(outer)
        _require_epoch(tenant, outer)
        yield outer
        return
    if connection.schema_name != PUBLIC:
        raise NestedTenant(detail=f"tenant {wanted} asked for while the connection is at {connection.schema_name}")
    ref = directory.find(by="id", value=wanted).ref
    _require_epoch(tenant, ref)
    if ref.status != TenantStatus.ACTIVE and not allow_inactive:
        raise TenantInactive(detail=f"tenant {ref.id} is {ref.status}")
    with _entered(ref):
        yield ref


@contextmanager
def host_context(tenant: TenantRef | None) -> Iterator[None]:
    """For the edge (a request's host decides): put whatever was active aside, enter ``tenant`` or public, put it back."""
    outer = _active.tenant, _active.maintained, connection.tenant
    _active.tenant = _active.maintained = None
    connection.set_schema_to_public()
    try:
        if tenant is None:
            yield
        else:
            with _entered(tenant):
                yield
    finally:
        _active.tenant, _active.maintained = outer[:2]
        connection.set_tenant(outer[2])


@contextmanager
def public_context() -> Iterator[None]:
    """Read or write public tables from inside a tenant's context with a search_path of ``public`` alone."""
    with host_context(None):
        yield


@contextmanager
def maintenance_context(schema_name: str) -> Iterator[None]:
    """For migrations and the template: work on a schema that belongs to no tenant (yet). No tenant is active inside."""
    with host_context(None):
        connection.set_schema(schema_name)
        _active.maintained = schema_name
        try:
            yield
        finally:
            _active.maintained = None


def expected_schema() -> str:
    """The schema this thread's statements ought to run in: the active tenant's, the maintained one, or ``public``."""
    if _active.tenant is not None:
        return _active.tenant.schema_name
    return _active.maintained or PUBLIC


def current_tenant() -> TenantRef:
    """The active tenant. Raises ``NoTenant`` outside a context, ``NestedTenant`` when the connection was moved elsewhere."""
    ref = _active.tenant
    if ref is None:
        raise NoTenant(detail="no tenant context is active in this thread")
    _require_agreement(ref)
    return ref


def active_tenant() -> TenantRef | None:
    """The active tenant or None, without judging; for log fields and the recorder of the tests."""
    return _active.tenant


@contextmanager
def _entered(ref: TenantRef) -> Iterator[None]:
    connection.set_tenant(ref)
    _active.tenant = ref
    try:
        with bind_log_context(tenant=ref.slug):
            yield
    finally:
        _active.tenant = None
        connection.set_schema_to_public()


def _require_agreement(ref: TenantRef) -> None:
    if connection.schema_name != ref.schema_name:
        raise NestedTenant(detail=f"the connection is at {connection.schema_name} inside tenant {ref.id}")


def _require_epoch(asked: TenantRef | int, ref: TenantRef) -> None:
    if isinstance(asked, TenantRef) and asked.epoch != ref.epoch:
        raise StaleEpoch(detail=f"tenant {ref.id}: epoch {asked.epoch} was asked for, {ref.epoch} is current")
