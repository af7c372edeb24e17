"""Tenant contexts in tests, and a clean database after tests that commit."""

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from django.db import connection, connections
from django.test import TransactionTestCase

if TYPE_CHECKING:
    from apps.tenants.contracts import TenantRef


def reset_with(refill: Callable[[], None]) -> None:
    """Make a test that commits (``transaction=True``) end with a fresh copy of the template.

    Django would truncate every table of the public schema, the tenants of the template with them, and leave the tenant
    schemas as they are.
    """

    def _fixture_teardown(self: TransactionTestCase) -> None:
        connections.close_all()
        refill()

    TransactionTestCase._fixture_teardown = _fixture_teardown


def reference(slug: str) -> "TenantRef":
    """The tenant's reference, as other apps see it."""
    try:
        from apps.tenants import facade
    except ImportError:
        from apps.tenants.models import Tenant

        return Tenant.objects.get(slug=slug)

    return facade.get_tenant(slug=slug)


@contextlib.contextmanager
def entered(slug: str) -> Iterator["TenantRef"]:
    """The tenant's context."""
    try:
        from apps.tenants import facade
    except ImportError:
        connection.set_tenant(reference(slug))
        yield connection.tenant
        connection.set_schema_to_public()
        return

    with facade.tenant_context(reference(slug)) as entered_tenant:
        yield entered_tenant


@contextlib.contextmanager
def outside() -> Iterator[None]:
    """No tenant's context for a while: what a request or a job finds when it begins."""
    before = connection.tenant
    connection.set_schema_to_public()
    try:
        yield
    finally:
        connection.set_tenant(before)
