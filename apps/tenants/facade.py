"""The door for other apps."""

from apps.tenants.context import current_tenant, tenant_context
from apps.tenants.directory import directory
from apps.tenants.selectors import get_tenant, list_active_tenants
from apps.tenants.services.provisioning import provision_tenant
from apps.tenants.services.spend import PlatformHold, reserve_platform_spend, settle_platform_spend

__all__ = ["PlatformHold", "reserve_platform_spend", "settle_platform_spend", "current_tenant", "forget_cached_tenants", "get_tenant", "list_active_tenants", "provision_tenant", "tenant_context"]

forget_cached_tenants = directory.forget
