"""Tenant contexts in tests, and a clean database after tests that commit."""

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from django.db import connections
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
    from apps.tenants import facade

    return facade.get_tenant(slug=slug)


@contextlib.contextmanager
def entered(slug: str) -> Iterator["TenantRef"]:
    """The tenant's context."""
    from apps.tenants import facade

    with facade.tenant_context(reference(slug)) as entered_tenant:
        yield entered_tenant
