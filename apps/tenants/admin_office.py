"""Back office pages that are no plain lists: the overview of a workspace, the way into it; and the feature flags."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from apps.accounts.facade import lead_to, start_access
from apps.core.errors import PlatformError
from apps.core.policy import Access, Policy, declares
from apps.tenants.hosts import primary_domain, tenant_url
from apps.tenants.models import FeatureFlag, FlagChoice, Tenant
from apps.tenants.overview import overview_of
from apps.tenants.registries import feature_flags
from apps.tenants.services.flags import change_flag, choose_flag, count_tenants_with, write_missing_flags


class EnterForm(forms.Form):
    """Why, and as whom."""

    acting_as = forms.TypedChoiceField(label=_("Act as"), coerce=int, widget=UnfoldAdminSelectWidget)
    reason = forms.CharField(
        label=_("Reason"),
        max_length=300,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=_("One sentence the workspace's owners will read, for example the number of their ticket."),
    )

    def __init__(self, *args: Any, members: list[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = [place for place in members if place.user.is_active and not place.user.is_staff]
        self.fields["acting_as"].choices = [
            (place.user_id, f"{place.user.email} · {place.get_role_display()}") for place in people
        ]


class Overview:
    """Adds ``overview/`` to the admin of tenants; entering is a POST with a reason."""

    def get_urls(self) -> list[Any]:
        """The overview before the package's own addresses, which take any text for an id."""
        view = self.admin_site.admin_view(self.overview)  # type: ignore[attr-defined]
        view = declares(Policy(access=Access.STAFF, detail="staff"))(view)
        return [path("<int:pk>/overview/", view, name="tenants_tenant_overview"), *super().get_urls()]  # type: ignore[misc]

    def overview(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show a workspace's figures; POST enters it."""
        tenant = get_object_or_404(Tenant, pk=pk)
        context = overview_of(tenant)
        form = EnterForm(request.POST or None, members=context["members"])
        if request.method == "POST" and form.is_valid():
            try:
                start_access(staff=request.user, tenant_id=tenant.pk, acting_as_id=form.cleaned_data["acting_as"],
                             reason=form.cleaned_data["reason"], link=lambda: support_page(request, tenant))  # fmt: skip
            except PlatformError as error:
                for field, text in (error.fields or {"reason": error.text}).items():
                    form.add_error(field if field in form.fields else None, str(text))
            else:
                target = tenant_url(request, primary_domain(tenant.pk), reverse("accounts:enter"))
                return lead_to(request, target, tenant.name)
        page = {**self.admin_site.each_context(request), **context, "tenant": tenant, "form": form,  # type: ignore[attr-defined]
                "title": tenant.name, "opts": Tenant._meta, "can_enter": tenant.status == "active"}  # fmt: skip
        return TemplateResponse(request, "admin/tenants/overview.html", page, status=400 if form.errors else 200)

    @admin.display(description=_("Look inside"))
    def overview_link(self, tenant: Tenant) -> str:
        """The way to the overview."""
        address = reverse("admin:tenants_tenant_overview", args=[tenant.pk])
        return format_html('<a class="font-semibold text-primary-600 dark:text-primary-500" href="{}">{}</a>',
                           address, _("Overview"))  # fmt: skip


def support_page(request: HttpRequest, tenant: Tenant) -> str:
    """Where the workspace's people see stays of staff."""
    path_there = reverse("accounts:staff_access_list", urlconf="echopilot.urls_tenant")
    return tenant_url(request, primary_domain(tenant.pk), path_there)


class FlagChoiceInline(TabularInline):
    """Workspaces that were named."""

    model = FlagChoice
    extra = 0
    fields = ("tenant", "is_on", "reason")
    autocomplete_fields = ("tenant",)


@admin.register(FeatureFlag)
class FeatureFlagAdmin(ModelAdmin):
    """Flags the code knows; each change goes through the service, which records it."""

    list_display = ("name", "title", "state", "percent", "workspaces", "updated_at")
    list_filter = ("state",)
    search_fields = ("name", "note")
    fields = ("name", "about", "state", "percent", "note", "updated_at")
    readonly_fields = ("name", "about", "updated_at")
    inlines = (FlagChoiceInline,)
    actions = ("turn_off",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[FeatureFlag]:
        """Every flag an app registered, whether anybody touched it or not."""
        write_missing_flags()
        return super().get_queryset(request).filter(name__in=[flag.name for flag in feature_flags])

    @admin.display(description=_("What it opens"))
    def title(self, row: FeatureFlag) -> str:
        """In a few words."""
        return str(feature_flags.get(row.name).title)

    @admin.display(description=_("What it opens"))
    def about(self, row: FeatureFlag) -> str:
        """In a sentence."""
        return str(feature_flags.get(row.name).help)

    @admin.display(description=_("Workspaces that have it"))
    def workspaces(self, row: FeatureFlag) -> int:
        """Counted now."""
        return count_tenants_with(row.name)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Flags come from the code."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """And go with it."""
        return False

    def save_model(self, request: HttpRequest, obj: FeatureFlag, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        """Through the service."""
        change_flag(name=obj.name, state=obj.state, percent=obj.percent, note=obj.note, actor_id=request.user.pk)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        """Each named workspace through the service."""
        for row in formset.save(commit=False):
            choose_flag(name=row.flag_id, tenant_id=row.tenant_id, is_on=row.is_on, reason=row.reason,
                        actor_id=request.user.pk)  # fmt: skip
        for row in formset.deleted_objects:
            choose_flag(name=row.flag_id, tenant_id=row.tenant_id, is_on=None, reason="Back office",
                        actor_id=request.user.pk)  # fmt: skip
        formset.save_m2m()

    @admin.action(description=_("Turn off for everybody who was not named"))
    def turn_off(self, request: HttpRequest, queryset: QuerySet[FeatureFlag]) -> None:
        """The fastest way back."""
        for row in queryset:
            change_flag(name=row.name, state="off", percent=row.percent, note="Turned off", actor_id=request.user.pk)
        self.message_user(request, _("Turned off."), messages.SUCCESS)


@admin.register(FlagChoice)
class FlagChoiceAdmin(ModelAdmin):
    """Who was named for which flag; changed on the flag's page."""

    list_display = ("flag", "tenant", "is_on", "reason")
    list_filter = ("flag", "is_on")
    search_fields = ("tenant__slug", "reason")
    list_select_related = ("flag", "tenant")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """On the flag's page."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """On the flag's page."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """On the flag's page."""
        return False
