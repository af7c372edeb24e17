"""The conditions of launch that tenancy itself can measure; other apps offer theirs through the registry."""

from django.conf import settings
from django.utils.translation import gettext as _

from apps.accounts.facade import count_owners, count_owners_with_second_factor
from apps.tenants.context import current_tenant
from apps.tenants.enums import MigrationState
from apps.tenants.migrating.graph import tenant_plan
from apps.tenants.migrating.status import applied_migrations
from apps.tenants.models import TenantMigration
from apps.tenants.services.launch import Condition, ReadinessCheck


def _migrations() -> Condition:
    tenant = current_tenant()
    applied = applied_migrations([tenant.schema_name]).get(tenant.schema_name, frozenset())
    missing = [".".join(planned.key) for planned in tenant_plan() if planned.key not in applied]
    failed = TenantMigration.objects.filter(tenant_id=tenant.id, state=MigrationState.FAILED).count()
    return Condition(
        name="migrations",
        title=_("The workspace's database is up to date"),
        met=not missing and not failed,
        measured=_counted(len(missing), failed),
        wanted=_counted(0, 0),
    )


def _counted(missing: int, failed: int) -> str:
    return _("%(missing)s missing, %(failed)s failed") % {"missing": missing, "failed": failed}


def _owner() -> Condition:
    owners = count_owners(tenant_id=current_tenant().id)
    return Condition(
        name="owner",
        title=_("Somebody owns the workspace"),
        met=owners > 0,
        measured=str(owners),
        wanted=_("1 or more"),
    )


def _second_factor() -> Condition:
    tenant_id = current_tenant().id
    owners, secured = count_owners(tenant_id=tenant_id), count_owners_with_second_factor(tenant_id=tenant_id)
    return Condition(
        name="second_factor",
        title=_("Every owner has a second factor"),
        met=owners > 0 and owners == secured,
        measured=_("%(n)s of %(total)s") % {"n": secured, "total": owners},
        wanted=_("all"),
        blocking=False,
    )


def _encryption() -> Condition:
    return Condition(
        name="encryption",
        title=_("Stored credentials are encrypted with keys of this installation"),
        met=bool(settings.ENCRYPTION_KEYS),
        measured=_("keys set") if settings.ENCRYPTION_KEYS else _("no keys"),
        wanted=_("keys set"),
    )


CHECKS = (
    ReadinessCheck(name="migrations", measure=_migrations),
    ReadinessCheck(name="owner", measure=_owner),
    ReadinessCheck(name="second_factor", measure=_second_factor),
    ReadinessCheck(name="encryption", measure=_encryption),
)
