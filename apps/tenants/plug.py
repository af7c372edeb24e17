"""What tenancy offers to the platform."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.admin import AdminSite
from django.utils.translation import gettext_lazy as _

from apps.core.back_office import late_registrations
from apps.core.dashboard import DashboardCard, dashboard_cards
from apps.core.navigation import NavigationItem, navigation
from apps.core.onboarding import onboarding_steps
from apps.dispatch.contracts import TenantGate
from apps.dispatch.registries import schedules, tenant_gate, work_kinds
from apps.tenants import jobs, onboarding, readiness
from apps.tenants.context import tenant_context
from apps.tenants.contracts import TenantRef
from apps.tenants.errors import StaleEpoch
from apps.tenants.registries import KnownFlag, feature_flags
from apps.tenants.services.launch import readiness_checks


@contextmanager
def _enter(tenant_id: int, epoch: int) -> Iterator[TenantRef]:
    """The context of an active tenant at the epoch the work was enqueued in."""
    with tenant_context(tenant_id) as tenant:
        if tenant.epoch != epoch:
            raise StaleEpoch(detail=f"work of epoch {epoch}, tenant {tenant_id} is at {tenant.epoch}")
        yield tenant


tenant_gate.register(TenantGate(name="tenants", enter=_enter))


def _mend_searches(site: AdminSite) -> None:
    """Packages search by fields their own models lost (dj-stripe 2.11: ``Account.settings``), which fails on every search."""
    for model, model_admin in site._registry.items():
        known = {field.name for field in model._meta.get_fields()} | {"pk"}
        kept = [name for name in model_admin.search_fields if name.lstrip("=^@").split("__")[0] in known]
        setattr(model_admin, "search_fields", kept)  # noqa: B010 - a class attribute in the stubs


late_registrations.append(_mend_searches)
for kind in jobs.KINDS:
    work_kinds.register(kind)
for schedule in jobs.SCHEDULES:
    schedules.register(schedule)
for check in readiness.CHECKS:
    readiness_checks.register(check)
feature_flags.register(
    KnownFlag(
        name="copy_workspace",
        title=_("Copy a workspace"),
        help=_("Owners may make a second workspace with everything this one holds."),
    )
)
navigation.register(
    NavigationItem(
        url_name="tenants:settings", label=_("Workspace"), icon="settings", order=400, permission="settings.view",
        group="settings", also=frozenset({
            "tenants:launch_stage", "tenants:domain_list", "tenants:leaving", "tenants:workspace_copy",
            "tenants:getting_started", "accounts:staff_access_list",
        }),
    )
)  # fmt: skip
for step in onboarding.STEPS:
    onboarding_steps.register(step)
dashboard_cards.register(
    DashboardCard(
        name="getting_started", section="needs", order=5, permission="workspace.view", template="tenants/_checklist_card.html",
        context=onboarding.checklist,
    )
)  # fmt: skip
