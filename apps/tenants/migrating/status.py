"""What is applied where: read from the schemas themselves in one query, reported per tenant in ``TenantMigration``."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import F
from django.db.models.functions import Now

from apps.tenants.contracts import TenantRef
from apps.tenants.enums import MigrationState, TenantStatus
from apps.tenants.migrating.graph import Key, Planned, tenant_app_labels, tenant_plan
from apps.tenants.models import Tenant, TenantMigration
from apps.tenants.selectors import REF_FIELDS

PAGE = 250
ERROR_LENGTH = 4000


@dataclass(frozen=True, kw_only=True)
class Group:
    """Tenants with the same migrations applied, and what they lack, in order."""

    tenants: tuple[TenantRef, ...]
    pending: tuple[Planned, ...]
    covered: tuple[Planned, ...]


def list_groups(*, slugs: Sequence[str] = ()) -> list[Group]:
    """Living tenants grouped by what is applied; up-to-date ones are in groups without ``pending``.

    ``covered`` are squashed migrations whose every replaced migration is applied: they are recorded, not run.
    """
    tenants = Tenant.objects.exclude(status=TenantStatus.DELETED).order_by("id")
    if slugs:
        tenants = tenants.filter(slug__in=slugs)
    refs = {row["schema_name"]: TenantRef(**row) for row in tenants.values(*REF_FIELDS)}
    by_set: dict[frozenset[Key], list[TenantRef]] = {}
    for schema_name, applied in applied_migrations(list(refs)).items():
        by_set.setdefault(applied, []).append(refs[schema_name])
    return [_group(tuple(members), applied) for applied, members in by_set.items()]


def pending_tenants() -> list[str]:
    """Slugs of living tenants that lack migrations; empty when a deploy is complete."""
    return sorted(tenant.slug for group in list_groups() if group.pending for tenant in group.tenants)


def applied_migrations(schema_names: Sequence[str]) -> dict[str, frozenset[Key]]:
    """Applied migrations of the tenant plane per schema; schemas that do not exist are left out."""
    answer: dict[str, frozenset[Key]] = {}
    for start in range(0, len(schema_names), PAGE):
        answer |= _applied(schema_names[start : start + PAGE])
    return answer


def _applied(schema_names: Sequence[str]) -> dict[str, frozenset[Key]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n.nspname, c.oid IS NOT NULL FROM pg_catalog.pg_namespace n LEFT JOIN pg_catalog.pg_class c "
            "ON c.relnamespace = n.oid AND c.relname = 'django_migrations' WHERE n.nspname = ANY(%s)",
            [list(schema_names)],
        )
        found = dict(cursor.fetchall())
        answer: dict[str, frozenset[Key]] = {name: frozenset() for name, has_table in found.items() if not has_table}
        with_table = [name for name, has_table in found.items() if has_table]
        if not with_table:
            return answer
        each = (
            f"SELECT '{name}' AS s, string_agg(app || '.' || name, ' ' ORDER BY id) AS done "  # noqa: S608 - generated names
            f'FROM "{name}".django_migrations WHERE app = ANY(%(labels)s)'
            for name in with_table
        )
        cursor.execute(
            "SELECT array_agg(s), done FROM (" + " UNION ALL ".join(each) + ") t GROUP BY done",  # noqa: S608 - generated names
            {"labels": sorted(tenant_app_labels())},
        )
        for names, done in cursor.fetchall():
            keys = frozenset(tuple(key.split(".", 1)) for key in (done or "").split())
            answer.update(dict.fromkeys(names, keys))
    return answer


def _group(tenants: tuple[TenantRef, ...], applied: frozenset[Key]) -> Group:
    missing = [planned for planned in tenant_plan() if planned.key not in applied]
    covered = [
        planned for planned in missing if planned.migration.replaces and set(planned.migration.replaces) <= applied
    ]
    pending = [planned for planned in missing if planned not in covered]
    return Group(tenants=tenants, pending=tuple(pending), covered=tuple(covered))


def note_started(*, tenant_id: int, keys: Iterable[Key], way: str) -> None:
    """Note that migrations begin in a tenant; one that was begun before counts another attempt."""
    TenantMigration.objects.bulk_create(
        [TenantMigration(tenant_id=tenant_id, app=app, name=name, way=way, attempts=0) for app, name in keys],
        ignore_conflicts=True,
    )
    for app, name in keys:
        TenantMigration.objects.filter(tenant_id=tenant_id, app=app, name=name).update(
            state=MigrationState.RUNNING,
            way=way,
            attempts=F("attempts") + 1,
            error="",
            started_at=Now(),
            finished_at=None,
        )


def note_ended(*, tenant_id: int, key: Key, duration_ms: int, error: str = "") -> None:
    """Note the end of a migration in a tenant, in the transaction of the migration itself when it went well."""
    TenantMigration.objects.filter(tenant_id=tenant_id, app=key[0], name=key[1]).update(
        state=MigrationState.FAILED if error else MigrationState.DONE,
        error=error[:ERROR_LENGTH],
        finished_at=Now(),
        duration_ms=duration_ms,
    )
