"""Pages about triggers: what starts by itself and when, one trigger with its occasions, a schedule tried out."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.guards import held_permissions, permission_required
from apps.workflows.triggers import calendar, firing, looking, receiving, syncing, wording
from apps.workflows.triggers.addresses import address_of
from apps.workflows.triggers.enums import TriggerKind, Verification
from apps.workflows.triggers.forms import ScheduleForm


@require_GET
@permission_required("workflows.view")
def trigger_list(request: HttpRequest) -> HttpResponse:
    """Everything that starts by itself, what is due soonest first, and the days ahead."""
    asked = request.GET.get("workflow", "")[:80].replace("\x00", "")
    found = looking.lines(workflow=asked)
    now = timezone.now()
    days = looking.strip(found, zone=calendar.zone_of(str(timezone.get_current_timezone())), now=now)
    context = {"lines": found, "asked": asked, "days": days, "most": max((n for _day, n in days), default=0), "now": now,
               "may_manage": _may_manage(request)}  # fmt: skip
    return render(request, "workflows/triggers/trigger_list.html", context)


@require_GET
@never_cache
@permission_required("workflows.view")
def trigger_detail(request: HttpRequest, trigger_id: UUID) -> HttpResponse:
    """One trigger: when or by whom, its address, its latest occasions."""
    return _detail(request, trigger_id)


def _detail(request: HttpRequest, trigger_id: UUID, *, secret: str = "") -> HttpResponse:
    row = syncing.require_trigger(trigger_id)
    now = timezone.now()
    preview: list[Any] = []
    if row.kind == TriggerKind.SCHEDULE and row.is_on:
        preview = looking.preview(row.config, anchor=row.anchor_at, now=now)
    may_manage = _may_manage(request)
    path = address_of(row)
    address = request.build_absolute_uri(path) if path else ""
    verify = row.config.get("verify", Verification.STANDARD)
    context = {
        "line": looking.line_of(row), "row": row, "preview": preview, "zone": row.config.get("zone", "UTC"), "now": now,
        "address": address if may_manage else "", "curl": _curl(address, verify) if may_manage and address else "",
        "verify": Verification(verify).label, "is_open": address and verify == Verification.NONE, "secret": secret,
        "firings": looking.latest_firings(row), "may_manage": may_manage,
    }  # fmt: skip
    return render(request, "workflows/triggers/trigger_detail.html", context)


def _curl(address: str, verify: str) -> str:
    token = " -H 'Authorization: Bearer SECRET'" if verify == Verification.BEARER else ""
    return f"curl -X POST {address} -H 'Content-Type: application/json'{token} -d '{{\"hello\": \"world\"}}'"


def _may_manage(request: HttpRequest) -> bool:
    return "workflows.manage" in held_permissions(request)


@require_POST
@permission_required("workflows.manage")
def trigger_off(request: HttpRequest, trigger_id: UUID) -> HttpResponse:
    """Switch off; the notice carries the way back."""
    row = syncing.switch(trigger_id=trigger_id, on=False)
    messages.success(request, _("%(name)s is switched off and starts nothing.") % {"name": row.slug},
                     extra_tags=f"undo:{reverse('triggers:trigger_on', args=[trigger_id])}")  # fmt: skip
    return redirect("triggers:trigger_detail", trigger_id)


@require_POST
@permission_required("workflows.manage")
def trigger_on(request: HttpRequest, trigger_id: UUID) -> HttpResponse:
    """Switch on again, from now on."""
    row = syncing.switch(trigger_id=trigger_id, on=True)
    messages.success(request, _("%(name)s is switched on.") % {"name": row.slug})
    return redirect("triggers:trigger_detail", trigger_id)


@require_POST
@never_cache
@permission_required("workflows.manage")
def trigger_rotate(request: HttpRequest, trigger_id: UUID) -> HttpResponse:
    """A new secret, shown on this answer only."""
    return _detail(request, trigger_id, secret=syncing.rotate_secret(trigger_id=trigger_id))


@require_POST
@permission_required("runs.replay")
def firing_replay(request: HttpRequest, firing_id: UUID) -> HttpResponse:
    """Carry a kept delivery or event out once more."""
    again = receiving.replay(firing_id=firing_id)
    messages.success(request, _("It is being carried out once more."))
    return redirect("triggers:trigger_detail", again.trigger_id)


@require_GET
@permission_required("workflows.view")
def schedule_try(request: HttpRequest) -> HttpResponse:
    """A schedule in words with its next five starts, in its own zone and the reader's. Changes nothing."""
    form = ScheduleForm(
        request.GET if "kind" in request.GET else None,
        initial={"kind": "daily", "at": "09:00", "zone": str(timezone.get_current_timezone())},
    )
    context: dict[str, Any] = {"form": form, "here": str(timezone.get_current_timezone())}
    if form.is_bound and form.is_valid():
        config, now = form.config(), firing.database_now()
        context |= {
            "words": wording.describe(config),
            "preview": looking.preview(config, anchor=now, now=now),
            "zone": config["zone"],
        }
    return render(request, "workflows/triggers/schedule_try.html", context, status=400 if form.errors else 200)
