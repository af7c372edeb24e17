"""Writes on the caller's connection and in the caller's transaction."""

import json
from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction

from apps.core.errors import Conflict
from apps.dispatch import wakeups
from apps.dispatch.contracts import JobKind, NewWork, Settlement
from apps.dispatch.enums import Queue, WorkState
from apps.dispatch.errors import IllegalMove, InvalidWork, UnknownQueue, UnknownWork
from apps.dispatch.models import WorkItem
from apps.dispatch.registries import work_kinds
from apps.dispatch.sql import move

DEFAULT_TIMEOUT_S = 60
DEFAULT_MAX_ATTEMPTS = 8
DUPLICATE_TRIES = 5
SETTLE_TARGETS = frozenset(WorkState.values)
REVIEW_TARGETS = (WorkState.READY, WorkState.DONE, WorkState.CANCELLED)


def _run(sql: str, params: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall() if cursor.description else []


def enqueue_many(*, tenant_id: int, works: Sequence[NewWork]) -> list[int]:
    """See ``facade.enqueue_many``."""
    if not works:
        return []
    for work in works:
        check_work(work)
    ids: dict[int, int] = {}
    plain = [place for place, work in enumerate(works) if not work.dedupe_key]
    deduped = [place for place, work in enumerate(works) if work.dedupe_key]
    if plain:
        rows = _run(move.ENQUEUE_PLAIN, _columns(tenant_id, [works[place] for place in plain]))
        if len(rows) != len(plain):
            raise UnknownQueue(detail=f"tenant {tenant_id} is not registered")
        ids.update(zip(plain, (row[0] for row in rows), strict=True))
    for place in deduped:
        ids[place] = _enqueue_once(tenant_id, works[place])
    if any(not work.delay_s and work.run_at is None for work in works):
        ring_after_commit()
    return [ids[place] for place in range(len(works))]


def _enqueue_once(tenant_id: int, work: NewWork) -> int:
    names = {"tenant_id": tenant_id, "kind": work.kind, "dedupe_key": work.dedupe_key, "again": work.again}
    for _ in range(DUPLICATE_TRIES):
        rows = _run(move.ENQUEUE_DEDUPED, _columns(tenant_id, [work]))
        if not rows:
            rows = _run(move.LIVE_DUPLICATE if work.again else move.FIND_DUPLICATE, names)
        if rows:
            return int(rows[0][0])
        if not _run("SELECT 1 FROM public.dispatch_tenantqueue WHERE tenant_id = %(tenant_id)s", names):
            raise UnknownQueue(detail=f"tenant {tenant_id} is not registered")
    raise Conflict(detail=f"duplicate of {work.kind} {work.dedupe_key} kept ending while it was looked up")


def _columns(tenant_id: int, works: Sequence[NewWork]) -> dict[str, Any]:
    return {
        "tenant_id": tenant_id,
        "kinds": [work.kind for work in works],
        "refs": [work.ref for work in works],
        "queues": [str(work.queue) for work in works],
        "priorities": [work.priority for work in works],
        "run_ats": [work.run_at for work in works],
        "delays": [float(work.delay_s) for work in works],
        "dedupe_keys": [work.dedupe_key for work in works],
        "timeouts": [float(_own(work, "timeout_s", DEFAULT_TIMEOUT_S)) for work in works],
        "max_attempts": [int(_own(work, "max_attempts", DEFAULT_MAX_ATTEMPTS)) for work in works],
        "costs": [float(work.cost) for work in works],
    }


def _own(work: NewWork, name: str, default: float) -> float:
    given = getattr(work, name)
    if given is not None:
        return float(given)
    kind = work_kinds.get(work.kind)
    return float(getattr(kind, name)) if isinstance(kind, JobKind) else default


def check_work(work: NewWork) -> None:
    """Raise ``InvalidWork`` naming each field that cannot be stored or would never run."""
    fields: dict[str, str] = {}
    if work.kind not in work_kinds:
        fields["kind"] = f"unknown kind {work.kind!r}"
    if not work.ref or len(work.ref) > 200:
        fields["ref"] = "1 to 200 characters"
    if len(work.dedupe_key) > 200:
        fields["dedupe_key"] = "at most 200 characters"
    if work.queue not in Queue.values:
        fields["queue"] = f"one of {', '.join(Queue.values)}"
    if not -32768 <= work.priority <= 32767:
        fields["priority"] = "a small integer"
    if work.run_at is not None and work.run_at.tzinfo is None:
        fields["run_at"] = "needs a time zone"
    if not 0 <= work.delay_s <= 10 * 365 * 86400:
        fields["delay_s"] = "between 0 and ten years"
    if work.timeout_s is not None and not 0 < work.timeout_s <= 86400:
        fields["timeout_s"] = "between 0 and one day"
    if work.max_attempts is not None and not 0 < work.max_attempts <= 1000:
        fields["max_attempts"] = "between 1 and 1000"
    if not 0 < work.cost <= 1_000_000:
        fields["cost"] = "between 0 and 1000000"
    if fields:
        raise InvalidWork(fields=fields, detail=f"{work.kind} {work.ref}: {fields}")


def settle(settlements: Sequence[Settlement]) -> frozenset[int]:
    """See ``facade.settle``."""
    if not settlements:
        return frozenset()
    for settlement in settlements:
        check_settlement(settlement)
    ordered = sorted(settlements, key=lambda one: one.work_id)
    rows = _run(
        move.SETTLE,
        {
            "ids": [one.work_id for one in ordered],
            "fences": [one.fence for one in ordered],
            "targets": [str(one.to) for one in ordered],
            "delays": [float(one.delay_s) for one in ordered],
            "counted": [bool(one.count_attempt) for one in ordered],
            "errors": [one.error_code[:64] for one in ordered],
            "evidence": [json.dumps(dict(one.evidence), default=str) for one in ordered],
            "keeps": [float(one.keep_running_until_s or 0) for one in ordered],
        },
    )
    accepted = frozenset(row[0] for row in rows)
    wakeups.count_settled(rows=[(row[0], row[1]) for row in rows], refused=len(ordered) - len(accepted))
    later = {one.work_id for one in ordered if one.delay_s > 0}
    if any(state == WorkState.READY and work_id not in later for work_id, state in rows):
        ring_after_commit()
    return accepted


def check_settlement(settlement: Settlement) -> None:
    """Raise ``InvalidWork`` for a settlement that could never be right."""
    if settlement.to not in SETTLE_TARGETS:
        raise InvalidWork(fields={"to": f"unknown state {settlement.to!r}"})
    if settlement.to == WorkState.RUNNING and not (settlement.keep_running_until_s or 0) > 0:
        raise InvalidWork(fields={"keep_running_until_s": "seconds from now, needed to keep an item running"})
    if settlement.delay_s < 0:
        raise InvalidWork(fields={"delay_s": "0 or more seconds"})


def nudge(*, tenant_id: int, kind: str, ref: str) -> None:
    """See ``facade.nudge``."""
    if any(row[0] == WorkState.READY for row in _run(move.NUDGE, {"tenant_id": tenant_id, "kind": kind, "ref": ref})):
        ring_after_commit()


def cancel(*, tenant_id: int, kind: str, ref: str, reason: str) -> bool:
    """See ``facade.cancel``."""
    return bool(_run(move.CANCEL, {"tenant_id": tenant_id, "kind": kind, "ref": ref, "reason": reason}))


def cancel_one(*, work_id: int, reason: str, actor: str) -> None:
    """Cancel one live item by id. Raises ``UnknownWork`` or ``IllegalMove``."""
    if not _run(move.CANCEL_ONE, {"id": work_id, "reason": f"{actor}: {reason}"}):
        raise _not_possible(work_id)


def redrive(*, work_id: int, reason: str, actor: str) -> None:
    """See ``facade.redrive``."""
    if not reason or not actor:
        raise InvalidWork(fields={"reason": "say why", "actor": "say who"})
    if not _run(move.REDRIVE, {"id": work_id, "reason": reason, "actor": actor}):
        raise _not_possible(work_id)
    ring_after_commit()


def resolve_review(*, tenant_id: int, kind: str, ref: str, to: WorkState, reason: str, actor: str) -> bool:
    """See ``facade.resolve_review``."""
    if to not in REVIEW_TARGETS:
        raise InvalidWork(fields={"to": f"one of {', '.join(REVIEW_TARGETS)}"})
    rows = _run(
        move.RESOLVE_REVIEW,
        {"tenant_id": tenant_id, "kind": kind, "ref": ref, "target": str(to), "reason": reason, "actor": actor},
    )
    if rows and to == WorkState.READY:
        ring_after_commit()
    return bool(rows)


def ring_after_commit() -> None:
    """Wake workers once the surrounding transaction is committed; losing the wake-up costs latency only."""
    transaction.on_commit(wakeups.ring, robust=True)


def _not_possible(work_id: int) -> Exception:
    state = WorkItem.objects.filter(pk=work_id).values_list("state", flat=True).first()
    return UnknownWork(detail=f"work item {work_id}") if state is None else IllegalMove(state=state)
