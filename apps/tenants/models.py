"""Tenants, their host names, plans and records (public schema)."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now

from apps.tenants.enums import DomainKind, ExportState, LaunchStage, MigrationState, TenantEventKind, TenantStatus
from apps.tenants.models_flags import FeatureFlag, FlagChoice  # noqa: F401
from apps.tenants.models_spend import PlatformCap, PlatformSpend  # noqa: F401 - so that Django finds the tables

SCHEMA_NAME = r"^t_[a-z0-9]{12}$"
SLUG = r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$"


class Plan(models.Model):
    """A plan as data: ``limits`` maps an entitlement key to an amount, or to null for unlimited."""

    key = models.SlugField(primary_key=True, max_length=40, db_index=False)
    name = models.CharField(max_length=80)
    description = models.CharField(max_length=200, blank=True)
    limits = models.JSONField(default=dict)
    prices = models.JSONField(
        default=dict,
        blank=True,
        help_text='Minor units by currency and period: {"EUR": {"month": 3500, "year": 35000}}; left out means on request.',
    )
    position = models.PositiveSmallIntegerField(default=100)
    is_offered = models.BooleanField(default=True, help_text="New workspaces may choose it.")

    def __str__(self) -> str:
        return self.name


class Tenant(models.Model):
    """One customer: a generated schema, an epoch that voids old work after a restore, a launch stage.

    Schemas are created and dropped by services only, never as a side effect of saving or deleting a row.
    """

    domain_url: str | None = None

    schema_name = models.CharField(max_length=14, unique=True, editable=False)
    slug = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    email = models.EmailField(help_text="Billing contact; dj-stripe reads it.")
    status = models.CharField(max_length=16, choices=TenantStatus, default=TenantStatus.PROVISIONING)
    launch_stage = models.CharField(max_length=8, choices=LaunchStage, default=LaunchStage.PRE)
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="tenants")
    epoch = models.PositiveIntegerField(default=1)
    language = models.CharField(max_length=12, default="en")
    time_zone = models.CharField(max_length=64, default="UTC")
    currency = models.CharField(
        max_length=3, default="USD", db_default="USD", help_text="ISO 4217; amounts are shown in it."
    )
    reason = models.CharField(
        max_length=300, blank=True, help_text="Why it is suspended or leaving; shown to its people."
    )
    delete_after = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(schema_name__regex=SCHEMA_NAME), name="tenants_tenant_schema_name_is_generated"
            ),
            models.CheckConstraint(condition=Q(slug__regex=SLUG), name="tenants_tenant_slug_is_a_host_label"),
            models.CheckConstraint(condition=Q(status__in=TenantStatus.values), name="tenants_tenant_status_is_known"),
            models.CheckConstraint(
                condition=Q(launch_stage__in=LaunchStage.values), name="tenants_tenant_stage_is_known"
            ),
            models.CheckConstraint(
                condition=Q(currency__regex=r"^[A-Z]{3}$"), name="tenants_tenant_currency_is_a_code"
            ),
            models.CheckConstraint(
                condition=Q(status=TenantStatus.DELETING, delete_after__isnull=False)
                | (~Q(status=TenantStatus.DELETING) & Q(delete_after__isnull=True)),
                name="tenants_tenant_deleting_has_a_date",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Domain(models.Model):
    """A host name that leads to a tenant. Own domains lead nowhere until they are verified."""

    domain = models.CharField(max_length=253)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="domains")
    kind = models.CharField(max_length=12, choices=DomainKind, default=DomainKind.SUBDOMAIN)
    is_primary = models.BooleanField(default=False)
    token = models.CharField(max_length=43, blank=True, help_text="Expected in the TXT record that proves ownership.")
    verified_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                F("domain"), condition=Q(verified_at__isnull=False), name="tenants_domain_leads_to_one_tenant"
            ),
            models.UniqueConstraint(fields=["tenant", "domain"], name="tenants_domain_once_per_tenant"),
            models.UniqueConstraint(fields=["tenant"], condition=Q(is_primary=True), name="tenants_domain_one_primary"),
            models.CheckConstraint(condition=Q(domain=Lower("domain")), name="tenants_domain_is_lower_case"),
            models.CheckConstraint(
                condition=Q(is_primary=False) | Q(verified_at__isnull=False), name="tenants_domain_primary_is_verified"
            ),
        ]

    def __str__(self) -> str:
        return self.domain


class LimitOverride(models.Model):
    """A limit agreed with one tenant, in place of its plan's."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="limit_overrides")
    key = models.CharField(max_length=60)
    amount = models.BigIntegerField(null=True, blank=True, help_text="Empty means unlimited.")
    reason = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "key"], name="tenants_limitoverride_once_per_key"),
            models.CheckConstraint(
                condition=Q(amount__isnull=True) | Q(amount__gte=0), name="tenants_limitoverride_amount_is_positive"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tenant_id} · {self.key}"


class UsageCounter(models.Model):
    """How much of a limit one tenant used in one period (first day of the month)."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="usage_counters")
    key = models.CharField(max_length=60)
    period_on = models.DateField()
    used = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "key", "period_on"], name="tenants_usagecounter_once_per_period"),
            models.CheckConstraint(condition=Q(used__gte=0), name="tenants_usagecounter_used_is_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.tenant_id} · {self.key} · {self.period_on}"


class SchemaTemplate(models.Model):
    """The SQL that builds an empty tenant schema at one set of migrations."""

    fingerprint = models.CharField(primary_key=True, max_length=64)
    sql = models.TextField()
    built_with = models.CharField(max_length=20, help_text="pg_dump or migrations.")
    built_ms = models.PositiveIntegerField()
    built_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.fingerprint[:12]} ({self.built_with})"


class ReadySchema(models.Model):
    """An empty schema of the pool, waiting for a tenant."""

    schema_name = models.CharField(max_length=14, unique=True)
    fingerprint = models.CharField(max_length=64)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(schema_name__regex=SCHEMA_NAME), name="tenants_readyschema_schema_name_is_generated"
            )
        ]

    def __str__(self) -> str:
        return self.schema_name


class TenantMigration(models.Model):
    """What the deploy did in one tenant; the schema's own ``django_migrations`` stays the truth about what is applied."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="migrations")
    app = models.CharField(max_length=60)
    name = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=MigrationState, default=MigrationState.RUNNING)
    way = models.CharField(max_length=10, help_text="sql: collected once; state: run by Django for this tenant.")
    attempts = models.PositiveSmallIntegerField(default=1)
    error = models.TextField(blank=True)
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)
    duration_ms = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "app", "name"], name="tenants_tenantmigration_once")]

    def __str__(self) -> str:
        return f"{self.tenant_id} · {self.app}.{self.name} · {self.state}"


class TenantEvent(models.Model):
    """Append-only record of what happened to tenants; ``tenant`` is null for the platform itself."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, null=True, blank=True, related_name="events")
    kind = models.CharField(max_length=24, choices=TenantEventKind)
    actor_id = models.BigIntegerField(null=True, blank=True, help_text="Person who did it; empty: the platform itself.")
    reason = models.CharField(max_length=300, blank=True)
    detail = models.JSONField(default=dict, blank=True)
    happened_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["tenant", "-id"], name="tenants_event_latest")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.happened_at:%Y-%m-%d %H:%M}"


class TenantExport(models.Model):
    """A file with everything a tenant would call theirs."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="exports")
    state = models.CharField(max_length=10, choices=ExportState, default=ExportState.RUNNING)
    requested_by = models.BigIntegerField(null=True, blank=True)
    path = models.CharField(max_length=300, blank=True)
    size_bytes = models.BigIntegerField(null=True, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.tenant_id} · {self.created_at:%Y-%m-%d %H:%M} · {self.state}"
