"""The launch stage: before launch, effects on the outside are dry runs and wait for approval."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.accounts.facade import require
from apps.core.errors import InvalidInput, NotAllowed
from apps.core.registry import Registry
from apps.tenants import signals
from apps.tenants.context import current_tenant, public_context
from apps.tenants.directory import directory
from apps.tenants.enums import LaunchStage, TenantEventKind
from apps.tenants.errors import NotReady
from apps.tenants.models import Tenant, TenantEvent
from apps.tenants.services.records import record_event


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One measured condition: ``measured`` is the evidence, ``wanted`` what it is held against."""

    name: str
    title: str
    met: bool
    measured: str
    wanted: str
    blocking: bool = True


@dataclass(frozen=True, kw_only=True)
class ReadinessCheck:
    """Measures one condition for the current tenant; offered by the app that owns what is measured."""

    name: str
    measure: Callable[[], Condition]


readiness_checks: Registry[ReadinessCheck] = Registry(
    name="readiness checks", entry_type=ReadinessCheck, key=lambda check: check.name
)


def effective_launch_stage() -> LaunchStage:
    """The stricter of the platform's stage and the current tenant's: ``post`` only when both are."""
    if platform_launch_stage() == LaunchStage.PRE:
        return LaunchStage.PRE
    return LaunchStage(current_tenant().launch_stage)


def platform_launch_stage() -> LaunchStage:
    """The platform's stage: the latest recorded change, else what the environment says."""
    latest = (
        TenantEvent.objects.filter(tenant=None, kind=TenantEventKind.LAUNCH_STAGE_CHANGED)
        .order_by("-id").values_list("detail__after", flat=True).first()
    )  # fmt: skip
    return LaunchStage(latest or settings.ENV.launch_stage)


def measure_readiness() -> list[Condition]:
    """Every registered condition, measured now for the current tenant. A check that fails counts as not met."""
    return [_measured(check) for check in readiness_checks]


def change_launch_stage(*, stage: str, user: Any, reason: str) -> None:
    """Move the current tenant to another stage; going to ``post`` needs every blocking condition.

    Needs ``launch.manage`` and a reason; recorded with the measured conditions. Raises ``NotReady`` naming what is missing.
    """
    require(user, "launch.manage")
    tenant, wanted = current_tenant(), _stage(stage, reason)
    conditions = measure_readiness() if wanted == LaunchStage.POST else []
    missing = [condition.title for condition in conditions if condition.blocking and not condition.met]
    if missing:
        raise NotReady(conditions="; ".join(missing))
    with transaction.atomic():
        before = Tenant.objects.select_for_update().values_list("launch_stage", flat=True).get(pk=tenant.id)
        if before == wanted:
            return
        Tenant.objects.filter(pk=tenant.id).update(launch_stage=wanted)
        record_event(
            tenant_id=tenant.id,
            kind=TenantEventKind.LAUNCH_STAGE_CHANGED,
            actor_id=user.pk,
            reason=reason,
            before=before,
            after=wanted,
            conditions=[asdict(condition) for condition in conditions],
        )
        signals.launch_stage_changed.announce(signals.LaunchStageChanged(tenant_id=tenant.id, stage=wanted))
        transaction.on_commit(directory.forget)
    directory.forget()


def change_platform_launch_stage(*, stage: str, user: Any, reason: str) -> None:
    """Move the whole platform; staff with superuser rights only, recorded."""
    if not (getattr(user, "is_superuser", False) and user.is_active):
        raise NotAllowed
    wanted = _stage(stage, reason)
    with public_context(), transaction.atomic():
        before = platform_launch_stage()
        if before == wanted:
            return
        record_event(
            tenant_id=None,
            kind=TenantEventKind.LAUNCH_STAGE_CHANGED,
            actor_id=user.pk,
            reason=reason,
            before=str(before),
            after=str(wanted),
        )
        signals.launch_stage_changed.announce(signals.LaunchStageChanged(tenant_id=None, stage=wanted))


def _stage(stage: str, reason: str) -> LaunchStage:
    fields = {}
    if stage not in LaunchStage.values:
        fields["stage"] = _("Choose `pre` or `post`.")
    if not reason.strip():
        fields["reason"] = _("Say why; it is kept with the change.")
    if fields:
        raise InvalidInput(fields=fields)
    return LaunchStage(stage)


def _measured(check: ReadinessCheck) -> Condition:
    try:
        return check.measure()
    except Exception as error:  # noqa: BLE001 - a check that cannot measure is a condition that is not met
        return Condition(
            name=check.name, title=check.name, met=False, measured=type(error).__name__, wanted="measurable"
        )
