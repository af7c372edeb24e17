"""The SQL of deliveries: they come by the thousand, and the ORM takes longer to make a statement than PostgreSQL to run it."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from apps.workflows.engine.plain_json import compact
from apps.workflows.models import Firing, Trigger, Workflow

SELECT = """
SELECT t.*, clock_timestamp() AS read_at, w.slug AS workflow_slug, w.name AS workflow_name, w.archived_at AS workflow_archived_at
FROM workflows_trigger t JOIN workflows_workflow w ON w.id = t.workflow_id
"""
AT_ADDRESS = (
    SELECT + "WHERE t.address_key = %s AND t.kind = %s AND t.removed_at IS NULL AND t.enabled AND w.archived_at IS NULL"
)
BY_ID = SELECT + "WHERE t.id = %s"
LOCKED = "SELECT * FROM workflows_firing WHERE id = %s FOR UPDATE"
# Two copies that arrive at the same moment take turns. The second statement has a snapshot of its own, so it sees the first copy.
REPEAT = """
SELECT pg_advisory_xact_lock(hashtextextended(%(copy)s, 0));
UPDATE workflows_firing SET repeats = repeats + 1 WHERE id = (
    SELECT id FROM workflows_firing
    WHERE trigger_id = %(trigger)s AND dedupe = %(dedupe)s AND replay_of IS NULL AND created_at > %(since)s LIMIT 1)
RETURNING id
"""
INSERT = """
INSERT INTO workflows_firing (id, trigger_id, dedupe, state, payload, depth, repeats, run_id, code, problem, decided_at)
VALUES (%s, %s, %s, %s, %s, %s, 0, %s, %s, %s, %s)
"""
DECIDED = """
UPDATE workflows_firing SET state = %s, run_id = %s, task_id = %s, code = %s, problem = %s, decided_at = %s WHERE id = %s
"""
# Said once in a while: a busy trigger's deliveries would wait for each other's commit to write the same thing.
SUCCEEDED = """
UPDATE workflows_trigger SET failures = 0, problem = '', fired_at = %(now)s
WHERE id = %(id)s AND (failures > 0 OR fired_at IS NULL OR fired_at < %(now)s - interval '5 seconds')
"""
REFUSED = "UPDATE workflows_trigger SET failures = failures + 1, problem = %s WHERE id = %s"


def trigger_at(*, key: str, kind: str) -> Trigger | None:
    """The trigger behind an address that may start something, with its workflow's name; ``read_at`` is the database's clock."""
    return _trigger(AT_ADDRESS, key, kind)


def trigger_by_id(trigger_id: UUID) -> Trigger | None:
    """A trigger with its workflow's name; ``read_at`` is the database's clock."""
    return _trigger(BY_ID, trigger_id)


def _trigger(sql: str, *params: object) -> Trigger | None:
    for row in Trigger.objects.raw(sql, params):
        names = ("id", "slug", "name", "archived_at")
        row.workflow = Workflow.from_db(connection.alias, names, [getattr(row, f"workflow_{name}") for name in names])
        return row
    return None


def locked(firing_id: UUID | str) -> Firing | None:
    """An occasion, locked until the transaction ends."""
    return next(iter(Firing.objects.raw(LOCKED, [firing_id])), None)


def repeat_of(*, trigger: Trigger, dedupe: str, now: datetime, window: timedelta) -> UUID | None:
    """The delivery this one repeats, counted; None, and nobody else may store it before the transaction ends, when it is new."""
    params: dict[str, Any] = {
        "copy": f"{trigger.pk}:{dedupe}",
        "trigger": trigger.pk,
        "dedupe": dedupe,
        "since": now - window,
    }
    with connection.cursor() as cursor:
        cursor.execute(REPEAT, params)
        row = cursor.fetchone()
        return row[0] if row else None


def insert(taken: Firing) -> None:
    """Store a delivery with what became of it so far."""
    _run(INSERT, taken.pk, taken.trigger_id, taken.dedupe, str(taken.state), compact(taken.payload), taken.depth, taken.run_id,
         taken.code, taken.problem, taken.decided_at)  # fmt: skip


def save_decision(firing: Firing) -> None:
    """Store what became of an occasion."""
    _run(DECIDED, str(firing.state), firing.run_id, firing.task_id, firing.code, firing.problem, firing.decided_at,
         firing.pk)  # fmt: skip


def note_success(trigger: Trigger, *, now: datetime) -> None:
    """The trigger works; ``fired_at`` may lag five seconds behind. ``trigger`` is as read in this transaction's time."""
    recent = trigger.fired_at is not None and now - trigger.fired_at < timedelta(seconds=5)
    if not recent or trigger.failures:
        with connection.cursor() as cursor:
            cursor.execute(SUCCEEDED, {"now": now, "id": trigger.pk})


def note_refusal(trigger: Trigger, problem: str) -> None:
    """One more refused occasion in a row."""
    _run(REFUSED, problem, trigger.pk)


def _run(sql: str, *params: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
