"""Makes trigger rows say what the current version of a workflow says; and the switches people have beside that."""

import base64
import secrets
from datetime import timedelta
from uuid import UUID

from django.db import transaction

from apps.workflows.models import Trigger, Workflow, WorkflowVersion
from apps.workflows.triggers import firing
from apps.workflows.triggers.enums import TriggerKind, Verification
from apps.workflows.triggers.errors import InvalidTrigger, UnknownTrigger
from apps.workflows.triggers.types import TRIGGER_TYPES, check_trigger

OVERLAP_HOURS = 24
SCHEDULE_FIELDS = ("every_minutes", "every_hours", "daily", "weekly", "monthly", "cron", "zone", "starts_at", "ends_at")


def sync(workflow: Workflow, version: WorkflowVersion) -> None:
    """Bring the workflow's trigger rows in line with ``version``; call it in the transaction that makes the version current.

    Idempotent. A row keeps its switch, address, secret and (while its rule is unchanged) its due time; a trigger that left the
    definition is set aside, not deleted. Raises ``InvalidTrigger``, so that nothing is published with a trigger that cannot work.
    """
    declared = version.definition.get("triggers") or {}
    problems = [found for slug, body in declared.items() for found in check_trigger(slug, body, workflow=workflow.slug)]
    if problems:
        raise InvalidTrigger(fields={problem.place: problem.message for problem in problems})
    rows = {row.slug: row for row in Trigger.objects.select_for_update().filter(workflow=workflow).order_by("slug")}
    for slug, row in rows.items():
        if slug not in declared and row.removed_at is None:
            _set_aside(row)
    for slug, body in declared.items():
        row = rows.get(slug) or Trigger(workflow=workflow, slug=slug, anchor_at=firing.database_now())
        row.workflow = workflow
        _apply(row, kind=body["type"], config=dict(body.get("with", {})))


def _apply(row: Trigger, *, kind: str, config: dict[str, object]) -> None:
    fresh = row._state.adding
    if not fresh and (row.kind, row.config, row.removed_at) == (kind, config, None):
        return
    moved = fresh or row.removed_at is not None or row.kind != kind or _rule(row.config) != _rule(config)
    if not fresh and row.enabled:
        TRIGGER_TYPES.get(row.kind).withdraw(row)
    row.kind, row.config, row.removed_at, row.problem = kind, config, None, ""
    if moved or kind != TriggerKind.SCHEDULE:
        row.next_at = None
    if kind in (TriggerKind.WEBHOOK, TriggerKind.EMAIL) and not row.secret:
        row.secret = new_secret(str(config.get("verify", Verification.STANDARD)))
    row.save()
    if row.enabled:
        TRIGGER_TYPES.get(kind).materialise(row)


def _rule(config: dict[str, object]) -> dict[str, object]:
    return {name: config[name] for name in SCHEDULE_FIELDS if name in config}


def _set_aside(row: Trigger) -> None:
    row.removed_at, row.next_at = firing.database_now(), None
    row.save(update_fields=["removed_at", "next_at"])
    TRIGGER_TYPES.get(row.kind).withdraw(row)


def materialise_schedule(row: Trigger) -> None:
    """Set when the schedule is due next, unless it knows already."""
    if row.next_at is None:
        row.next_at = firing.rule_of(row).next(firing.database_now())
        row.save(update_fields=["next_at"])
    firing.plan(row)


def new_secret(verify: str) -> str:
    """32 random bytes in the form the way of signing expects."""
    if verify == Verification.STANDARD:
        return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    return secrets.token_urlsafe(32)


def require_trigger(trigger_id: UUID, *, lock: bool = False) -> Trigger:
    """The row, with its workflow. Raises ``UnknownTrigger`` also for one that was set aside."""
    rows = Trigger.objects.select_related("workflow").filter(pk=trigger_id, removed_at__isnull=True)
    row = (rows.select_for_update(of=("self",)) if lock else rows).first()
    if row is None:
        raise UnknownTrigger
    return row


def switch(*, trigger_id: UUID, on: bool) -> Trigger:
    """Switch a trigger on or off; a second call changes nothing. A schedule goes on from now: nothing is made up for."""
    with transaction.atomic():
        row = require_trigger(trigger_id, lock=True)
        if row.enabled == on:
            return row
        row.enabled, row.failures, row.problem = on, 0, ""
        if not on:
            row.next_at = None
        row.save(update_fields=["enabled", "failures", "problem", "next_at"])
        entry = TRIGGER_TYPES.get(row.kind)
        (entry.materialise if on else entry.withdraw)(row)
        return row


def rotate_secret(*, trigger_id: UUID, overlap_hours: int = OVERLAP_HOURS) -> str:
    """A new secret, returned once; the old one is accepted for ``overlap_hours`` more."""
    with transaction.atomic():
        row = require_trigger(trigger_id, lock=True)
        fresh = new_secret(row.config.get("verify", Verification.STANDARD))
        row.previous_secret, row.secret = row.secret, fresh
        row.previous_until = firing.database_now() + timedelta(hours=overlap_hours)
        row.save(update_fields=["previous_secret", "secret", "previous_until"])
        return fresh


def move_address(*, trigger_id: UUID) -> Trigger:
    """A new address; the old one answers like any unknown one from now on."""
    from apps.workflows.triggers.models import new_address_key

    with transaction.atomic():
        row = require_trigger(trigger_id, lock=True)
        row.address_key = new_address_key()
        row.save(update_fields=["address_key"])
        return row
