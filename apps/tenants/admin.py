"""Tenants in the back office. What changes a tenant calls the services, which check, record and announce."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display

from apps.core.back_office import ReadOnly
from apps.core.errors import PlatformError
from apps.tenants import models, models_spend
from apps.tenants.admin_office import Overview
from apps.tenants.entitlements import check_limits
from apps.tenants.services import lifecycle
from apps.tenants.services.limits import change_plan

COLOURS = {"active": "success", "suspended": "warning", "deleting": "danger", "deleted": "info", "provisioning": "info"}


class DomainInline(TabularInline):
    """Host names of a tenant."""

    model = models.Domain
    extra = 0
    fields = ("domain", "kind", "is_primary", "verified_at")
    readonly_fields = fields
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Domains are added by the workspace, or by `manage.py tenant trust-domain`."""
        return False


class LimitInline(TabularInline):
    """Limits agreed with a tenant."""

    model = models.LimitOverride
    extra = 0


@admin.register(models.Tenant)
class TenantAdmin(Overview, ModelAdmin):
    """Status changes go through actions, so that they are checked, recorded and reach the work queue."""

    list_display = ("name", "overview_link", "shown_status", "plan", "launch_stage", "slug", "created_at")
    list_filter = ("status", "plan", "launch_stage")
    search_fields = ("name", "slug", "email", "schema_name", "domains__domain")
    readonly_fields = ("slug", "schema_name", "status", "launch_stage", "epoch", "reason", "delete_after", "created_at")
    fields = ("name", "email", "plan", "language", "time_zone", "currency", *readonly_fields)
    inlines = (DomainInline, LimitInline)
    list_select_related = ("plan",)
    list_per_page = 50
    actions = ("suspend", "restore", "schedule_deletion", "cancel_deletion")

    @display(description="Status", label=COLOURS)
    def shown_status(self, tenant: models.Tenant) -> str:
        """The status as a coloured label."""
        return tenant.status

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Tenants are provisioned, not typed in."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tenants are scheduled for deletion and purged."""
        return False

    def save_model(self, request: HttpRequest, obj: models.Tenant, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        """A changed plan is recorded."""
        if "plan" in form.changed_data:
            change_plan(tenant_id=obj.pk, plan=obj.plan_id, actor_id=request.user.pk, reason="Back office")
        super().save_model(request, obj, form, change)

    @admin.action(description="Suspend: stop serving and say why")
    def suspend(self, request: HttpRequest, queryset: QuerySet[models.Tenant]) -> None:
        """Each one by itself; those in another status are named."""
        self._each(request, queryset, lambda pk: lifecycle.suspend_tenant(
            tenant_id=pk, reason="Suspended by the platform. Contact support.", actor_id=request.user.pk))  # fmt: skip

    @admin.action(description="Restore: serve again")
    def restore(self, request: HttpRequest, queryset: QuerySet[models.Tenant]) -> None:
        """Each one by itself."""
        self._each(request, queryset, lambda pk: lifecycle.restore_tenant(tenant_id=pk, actor_id=request.user.pk))

    @admin.action(description="Delete after 30 days")
    def schedule_deletion(self, request: HttpRequest, queryset: QuerySet[models.Tenant]) -> None:
        """Each one by itself."""
        self._each(request, queryset, lambda pk: lifecycle.schedule_deletion(
            tenant_id=pk, reason="Deletion asked for through support.", actor_id=request.user.pk))  # fmt: skip

    @admin.action(description="Keep after all")
    def cancel_deletion(self, request: HttpRequest, queryset: QuerySet[models.Tenant]) -> None:
        """Each one by itself."""
        self._each(request, queryset, lambda pk: lifecycle.cancel_deletion(tenant_id=pk, actor_id=request.user.pk))

    def _each(self, request: HttpRequest, queryset: QuerySet[models.Tenant], act: Any) -> None:
        done = 0
        for tenant in queryset:
            try:
                act(tenant.pk)
                done += 1
            except PlatformError as error:
                self.message_user(request, f"{tenant.slug}: {error.text}", messages.ERROR)
        if done:
            self.message_user(request, f"{done} done.", messages.SUCCESS)


@admin.register(models.Plan)
class PlanAdmin(ModelAdmin):
    """Plans are data; a limit that does not exist or a negative amount is refused."""

    list_display = ("name", "key", "is_offered", "position", "limits")
    search_fields = ("name", "key")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002
        """Django's form with the product's own check of the limits."""
        form = super().get_form(request, obj, change=change, **kwargs)
        original = form.clean

        def clean(self: Any) -> Any:
            cleaned = original(self)
            try:
                check_limits(cleaned.get("limits"))
            except PlatformError as error:
                self.add_error("limits", "; ".join(f"{name}: {text}" for name, text in error.fields.items()))
            return cleaned

        form.clean = clean
        return form

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """The key of an existing plan stays."""
        return ("key",) if obj else ()


@admin.register(models.TenantMigration)
class TenantMigrationAdmin(ReadOnly):
    """What deploys did in each tenant."""

    list_display = ("tenant", "app", "name", "state", "way", "attempts", "duration_ms", "started_at")
    list_filter = ("state", "app")
    search_fields = ("tenant__slug", "name", "error")
    list_select_related = ("tenant",)


@admin.register(models.TenantEvent)
class TenantEventAdmin(ReadOnly):
    """The record of what happened to tenants."""

    list_display = ("happened_at", "tenant", "kind", "actor_id", "reason")
    list_filter = ("kind",)
    search_fields = ("tenant__slug", "reason")
    list_select_related = ("tenant",)


@admin.register(models.UsageCounter)
class UsageCounterAdmin(ReadOnly):
    """What tenants used of their monthly limits."""

    list_display = ("tenant", "key", "period_on", "used")
    list_filter = ("key", "period_on")
    search_fields = ("tenant__slug",)
    list_select_related = ("tenant",)


@admin.register(models.TenantExport)
class TenantExportAdmin(ReadOnly):
    """Exports and what became of them."""

    list_display = ("tenant", "state", "size_bytes", "requested_by", "created_at", "expires_at")
    list_filter = ("state",)
    search_fields = ("tenant__slug", "sha256")
    list_select_related = ("tenant",)


@admin.register(models.Domain)
class DomainAdmin(ReadOnly):
    """Which host leads where."""

    list_display = ("domain", "tenant", "kind", "is_primary", "verified_at")
    list_filter = ("kind", "is_primary")
    search_fields = ("domain", "tenant__slug")
    list_select_related = ("tenant",)
    exclude = ("token",)


@admin.register(models.LimitOverride)
class LimitOverrideAdmin(ReadOnly):
    """Limits agreed with single tenants; they are changed on the tenant's page."""

    list_display = ("tenant", "key", "amount", "reason")
    list_filter = ("key",)
    search_fields = ("tenant__slug", "reason")
    list_select_related = ("tenant",)


@admin.register(models.ReadySchema)
class ReadySchemaAdmin(ReadOnly):
    """The pool of empty schemas."""

    list_display = ("schema_name", "fingerprint", "created_at")


@admin.register(models.SchemaTemplate)
class SchemaTemplateAdmin(ReadOnly):
    """The SQL new schemas are made from."""

    list_display = ("fingerprint", "built_with", "built_ms", "built_at")
    fields: ClassVar[tuple[str, ...]] = ("fingerprint", "built_with", "built_ms", "built_at")


@admin.register(models_spend.PlatformCap)
class PlatformCapAdmin(ModelAdmin):
    """The platform's own cap on model spend, in micro-units of a US dollar."""

    list_display = ("period", "cap_micros", "reason", "updated_at")
    readonly_fields = ("updated_by", "updated_at", "created_at")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        """Keep who changed it."""
        obj.updated_by = request.user.pk
        super().save_model(request, obj, form, change)


@admin.register(models_spend.PlatformSpend)
class PlatformSpendAdmin(ReadOnly):
    """What was spent under each cap."""

    list_display = ("cap", "period_start", "spent_micros", "reserved_micros")
    list_select_related = ("cap",)
