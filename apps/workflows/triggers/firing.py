"""Starting what a trigger starts: once per occasion, in one transaction with the occasion's own row.

Any worker may fire; nobody leads. A due schedule is a row whose ``next_at`` lies in the past: whoever holds its lock moves it on
and starts the runs together, so a crash leaves either both or neither, and the second worker finds nothing due.
"""

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext as _

from apps.core.errors import InvalidInput, LimitReached, NotAllowed, NotFound, PlatformError
from apps.dispatch import facade as dispatch
from apps.dispatch.contracts import NewWork
from apps.tenants.facade import current_tenant
from apps.workflows.core.paths import as_text
from apps.workflows.models import Firing, Run, Trigger
from apps.workflows.services.runs import start_run
from apps.workflows.triggers import calendar, filling, store
from apps.workflows.triggers.enums import FiringState, Overlap, TriggerKind
from apps.workflows.triggers.registries import TASKS, NewRequest, request_doors

FIRE = "triggers.fire"
BEGIN = "triggers.begin"
QUEUE_PAUSE_S = 5.0
TASK_SOURCES = {"schedule": "schedule", "webhook": "webhook", "email": "email"}
DEEPEST = 5
FINAL = (InvalidInput, NotAllowed, NotFound, LimitReached)


def database_now() -> datetime:
    """The database's clock, the only one that decides what is due."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]  # type: ignore[no-any-return]


def rule_of(trigger: Trigger) -> calendar.Rule:
    """The schedule of a trigger. Raises ``calendar.RuleProblem``."""
    return calendar.parse(trigger.config, anchor=trigger.anchor_at)


def plan(trigger: Trigger) -> None:
    """Have some worker look at the trigger when it is due; a second plan for the same instant changes nothing."""
    if trigger.next_at is None:
        return
    key = f"{trigger.pk}:{trigger.next_at.timestamp():.0f}"
    work = NewWork(kind=FIRE, ref=str(trigger.pk), run_at=trigger.next_at, dedupe_key=key)
    dispatch.enqueue(tenant_id=current_tenant().id, work=work)


def fire_schedule(*, trigger_id: UUID | str, now: datetime | None = None) -> list[Firing]:
    """Start what is due of one schedule and move it on; nothing when it is not due (any more) or switched off.

    What was missed is treated by the trigger's policy. The same instant is never fired twice. ``now`` is for tests.
    """
    with transaction.atomic():
        trigger = (
            Trigger.objects.select_for_update(of=("self",)).select_related("workflow").filter(pk=trigger_id).first()
        )
        now = now or database_now()
        if trigger is None or not trigger.is_on or trigger.next_at is None or trigger.next_at > now:
            return []
        config = trigger.config
        missed = calendar.Missed(
            policy=config.get("missed", "once"),
            limit=config.get("missed_limit", 10),
            grace_s=config.get("grace_s", 300),
        )
        due = calendar.due_now(rule_of(trigger), next_at=trigger.next_at, now=now, missed=missed)
        before = trigger.next_at
        moved = Trigger.objects.filter(pk=trigger.pk, next_at=before).update(next_at=due.next_at)
        if not moved:
            return []
        trigger.next_at = due.next_at
        if due.missed:
            _note_missed(trigger, before=before, count=due.missed, now=now)
        fired = [_occasion(trigger, instant, late_s=(now - instant).total_seconds()) for instant in due.fire]
        for firing in fired:
            begin(firing, trigger=trigger, now=now)
        plan(trigger)
        return fired


def _occasion(trigger: Trigger, instant: datetime, *, late_s: float) -> Firing:
    local = instant.astimezone(calendar.zone_of(trigger.config.get("zone", "UTC")))
    payload = {"kind": "schedule", "scheduled_at": instant.isoformat(), "local_time": local.isoformat(),
               "late_s": round(max(0.0, late_s), 1)}  # fmt: skip
    firing, _made = Firing.objects.get_or_create(
        trigger=trigger,
        key=f"at:{instant.isoformat()}",
        defaults={"scheduled_at": instant, "state": FiringState.RECEIVED, "payload": payload},
    )
    return firing


def _note_missed(trigger: Trigger, *, before: datetime, count: int, now: datetime) -> None:
    Firing.objects.get_or_create(
        trigger=trigger,
        key=f"missed:{before.isoformat()}",
        defaults={
            "scheduled_at": before,
            "state": FiringState.MISSED,
            "payload": {"count": count},
            "code": "missed",
            "decided_at": now,
        },
    )


def begin(firing: Firing, *, trigger: Trigger, now: datetime) -> None:
    """Start the run or task of an occasion that is received or queued, in the caller's transaction.

    What the workflow or the plan refuses is written down at the occasion; anything else that fails leaves it to be tried again.
    """
    if firing.state not in (FiringState.RECEIVED, FiringState.QUEUED):
        return
    overlap = trigger.config.get("overlap", Overlap.ALLOW)
    if overlap != Overlap.ALLOW and _is_running(trigger):
        _hold_back(firing, queue=overlap == Overlap.QUEUE, now=now)
        return
    decide(firing, trigger=trigger, now=now)
    store.save_decision(firing)


def decide(firing: Firing, *, trigger: Trigger, now: datetime) -> None:
    """Start the run or task of an occasion and note at it, unsaved, what became of it. See ``begin``."""
    try:
        _require_startable(trigger, firing)
        if trigger.config.get("task"):
            with transaction.atomic():
                firing.task_id = _submit(firing, trigger)
        else:
            firing.run_id = _start(firing, trigger)
    except FINAL as error:
        _note(firing, FiringState.REFUSED, now=now, code=error.code, problem=_said(error))
        store.note_refusal(trigger, _said(error))
        return
    _note(firing, FiringState.STARTED, now=now)
    store.note_success(trigger, now=now)


def _require_startable(trigger: Trigger, firing: Firing) -> None:
    if trigger.workflow.archived_at is not None:
        raise NotFound(_("The workflow is archived. Restore it to have it started again."))
    if firing.depth > DEEPEST:
        raise LimitReached(_("Workflows start one another in a circle; the chain was cut here."))


def _is_running(trigger: Trigger) -> bool:
    runs = Firing.objects.filter(trigger=trigger, run_id__isnull=False).values("run_id")
    return Run.objects.filter(finished_at__isnull=True, pk__in=runs).exists()


def _hold_back(firing: Firing, *, queue: bool, now: datetime) -> None:
    if firing.state == FiringState.QUEUED:
        _look_again(firing)
        return
    if queue and not Firing.objects.filter(trigger_id=firing.trigger_id, state=FiringState.QUEUED).exists():
        firing.state = FiringState.QUEUED
        firing.save(update_fields=["state"])
        _look_again(firing)
        return
    _note(firing, FiringState.SKIPPED, now=now, code="overlap")
    store.save_decision(firing)


def _look_again(firing: Firing) -> None:
    enqueue_begin(firing, delay_s=QUEUE_PAUSE_S, again=True)


def enqueue_begin(firing: Firing, *, delay_s: float = 0, again: bool = False) -> None:
    """Have a worker take an occasion on."""
    key = f"{firing.pk}:{int(again)}"
    work = NewWork(kind=BEGIN, ref=str(firing.pk), dedupe_key=key, delay_s=delay_s, again=again)
    dispatch.enqueue(tenant_id=current_tenant().id, work=work)


def begin_by_id(*, firing_id: UUID | str) -> None:
    """Take on an occasion that was stored before it was answered for (a delivery, an event), or that waits its turn.

    Calling it again for one that is decided changes nothing.
    """
    with transaction.atomic():
        firing = store.locked(firing_id)
        if firing is None or firing.state not in (FiringState.RECEIVED, FiringState.QUEUED):
            return
        trigger = store.trigger_by_id(firing.trigger_id)
        assert trigger is not None  # held by the foreign key
        if trigger.is_on or firing.replay_of is not None:
            begin(firing, trigger=trigger, now=trigger.read_at)
            return
        said = _("The trigger was switched off before this was taken on.")
        _note(firing, FiringState.REFUSED, now=trigger.read_at, code="switched_off", problem=said)
        store.save_decision(firing)


def _note(firing: Firing, state: FiringState, *, now: datetime, code: str = "", problem: str = "") -> None:
    firing.state, firing.decided_at = state, now
    firing.code, firing.problem = code[:64], problem[:500]


def told(firing: Firing) -> dict[str, Any]:
    """What a run may know of an occasion: everything but the content of files."""
    payload = dict(firing.payload)
    if payload.get("files"):
        payload["files"] = [{k: v for k, v in file.items() if k != "content"} for file in payload["files"]]
    return payload


def _start(firing: Firing, trigger: Trigger) -> UUID:
    brought = told(firing)
    config = trigger.config
    inputs = filling.fill(config["inputs"], brought) if "inputs" in config else _default_inputs(trigger.kind, brought)
    return start_run(
        workflow=trigger.workflow.slug, inputs=inputs, idempotency_key=f"trigger:{firing.pk}", trigger=trigger.kind
    )


def _default_inputs(kind: str, brought: Mapping[str, Any]) -> dict[str, Any]:
    """Without a mapping: nothing for a schedule, the body of a webhook when it is an object, everything else as it came."""
    if kind == TriggerKind.SCHEDULE:
        return {}
    body = brought.get("body")
    if kind == TriggerKind.WEBHOOK and isinstance(body, dict):
        return body
    return dict(brought)


def _submit(firing: Firing, trigger: Trigger) -> UUID:
    brought, wanted = told(firing), trigger.config["task"]
    title = as_text(filling.fill(wanted.get("title"), brought)) or brought.get("subject") or trigger.workflow.name
    body = as_text(filling.fill(wanted.get("body"), brought)) or as_text(brought.get("text") or brought.get("body"))
    request = NewRequest(
        source=TASK_SOURCES.get(trigger.kind, "workflow"),
        task_type=wanted["task_type"],
        title=str(title)[:200],
        body=body or str(title),
        key=f"trigger:{firing.pk}",
        priority=wanted.get("priority", "normal"),
        client=wanted.get("client", ""),
        source_ref={"trigger": str(trigger.pk), "firing": str(firing.pk), "from": str(brought.get("from", ""))[:254]},
        files=_files(firing),
    )  # fmt: skip
    return request_doors.get(TASKS).submit(request)


def _files(firing: Firing) -> tuple[tuple[str, bytes], ...]:
    found = []
    for file in firing.payload.get("files", ()):
        try:
            found.append((str(file["name"]), base64.b64decode(file.get("content", ""), validate=True)))
        except (binascii.Error, ValueError):
            continue
    return tuple(found)


def _said(error: PlatformError) -> str:
    fields = "; ".join(f"{name}: {text}" for name, text in error.fields.items())
    return f"{error.text} {fields}".strip()[:500]
