"""Entering a tenant: what is refused before any SQL, and what is put back."""

from dataclasses import replace

import pytest
from django.core.cache import caches
from django.db import connection

from apps.core.context import log_context
from apps.tenants.context import current_tenant, host_context, public_context, tenant_context
from apps.tenants.contracts import TenantRef
from apps.tenants.errors import NestedTenant, NoTenant, StaleEpoch, TenantInactive, UnknownTenant
from apps.tenants.services.lifecycle import suspend_tenant


def test_entering_sets_schema_logs_and_cache_keys(tenant: TenantRef) -> None:
    assert connection.schema_name == tenant.schema_name
    assert log_context()["tenant"] == "acme"
    caches["tenant"].set("a", 1)
    assert caches["tenant"].make_key("a").startswith(f"{tenant.schema_name}:{tenant.epoch}:")


def test_leaving_by_an_exception_puts_everything_back(other_tenant: TenantRef) -> None:
    with pytest.raises(ZeroDivisionError), tenant_context(other_tenant):
        raise ZeroDivisionError
    assert connection.schema_name == "public"
    assert "tenant" not in log_context()
    with pytest.raises(NoTenant):
        current_tenant()
    with pytest.raises(NoTenant):
        caches["tenant"].get("a")


def test_entering_the_same_tenant_again_changes_nothing(tenant: TenantRef) -> None:
    with tenant_context(tenant.id) as inner:
        assert inner == tenant
    assert current_tenant() == tenant


def test_another_tenant_inside_is_refused_without_a_query(
    tenant: TenantRef, other_tenant: TenantRef, django_assert_num_queries
) -> None:
    with django_assert_num_queries(0), pytest.raises(NestedTenant), tenant_context(other_tenant):
        pass


def test_an_unknown_tenant_is_an_error_and_not_public(db: None) -> None:
    with pytest.raises(UnknownTenant), tenant_context(999_999_999):
        pass
    assert connection.schema_name == "public"


def test_a_reference_from_before_a_restore_is_stale(other_tenant: TenantRef) -> None:
    with pytest.raises(StaleEpoch), tenant_context(replace(other_tenant, epoch=other_tenant.epoch + 1)):
        pass


def test_a_suspended_tenant_is_entered_only_on_purpose(other_tenant: TenantRef) -> None:
    suspend_tenant(tenant_id=other_tenant.id, reason="unpaid")
    with pytest.raises(TenantInactive), tenant_context(other_tenant.id):
        pass
    with tenant_context(other_tenant.id, allow_inactive=True) as entered:
        assert entered.status == "suspended"


def test_public_and_host_contexts_put_the_outer_tenant_back(tenant: TenantRef, other_tenant: TenantRef) -> None:
    with public_context():
        assert connection.schema_name == "public"
        with pytest.raises(NoTenant):
            current_tenant()
        with host_context(other_tenant):
            assert current_tenant() == other_tenant
    assert current_tenant() == tenant
    assert connection.schema_name == tenant.schema_name
