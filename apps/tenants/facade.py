"""The door for other apps."""

from apps.tenants.context import current_tenant, public_context, tenant_context
from apps.tenants.contracts import PlanOffer, TenantRef
from apps.tenants.directory import directory
from apps.tenants.hosts import workspace_link
from apps.tenants.migrating.status import pending_tenants
from apps.tenants.selectors import get_tenant, list_active_tenants, list_offered_plans, list_own_domains
from apps.tenants.services.cloning import clone_tenant
from apps.tenants.services.exporting import export_tenant
from apps.tenants.services.flags import flag_is_on
from apps.tenants.services.launch import (
    change_launch_stage,
    change_platform_launch_stage,
    effective_launch_stage,
    measure_readiness,
)
from apps.tenants.services.lifecycle import (
    cancel_deletion,
    purge_tenant,
    raise_epoch,
    restore_tenant,
    schedule_deletion,
    suspend_tenant,
)
from apps.tenants.services.limits import count_usage, entitlement, give_back_usage, require_capacity, usage
from apps.tenants.services.provisioning import provision_tenant
from apps.tenants.services.spend import PlatformHold, reserve_platform_spend, settle_platform_spend
from apps.tenants.storage import TenantStorage

__all__ = [
    "PlanOffer",
    "PlatformHold",
    "TenantRef",
    "TenantStorage",
    "cancel_deletion",
    "change_launch_stage",
    "change_platform_launch_stage",
    "clone_tenant",
    "count_usage",
    "current_tenant",
    "effective_launch_stage",
    "entitlement",
    "export_tenant",
    "flag_is_on",
    "forget_cached_tenants",
    "get_tenant",
    "give_back_usage",
    "list_active_tenants",
    "list_offered_plans",
    "list_own_domains",
    "measure_readiness",
    "pending_tenants",
    "provision_tenant",
    "public_context",
    "purge_tenant",
    "raise_epoch",
    "require_capacity",
    "reserve_platform_spend",
    "restore_tenant",
    "schedule_deletion",
    "settle_platform_spend",
    "suspend_tenant",
    "tenant_context",
    "usage",
    "workspace_link",
]

forget_cached_tenants = directory.forget
