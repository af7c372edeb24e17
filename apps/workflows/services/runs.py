"""Starting, signalling and ending runs. All of it happens inside the caller's transaction."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy as _

from apps.core.errors import InvalidInput
from apps.core.ids import new_id
from apps.dispatch import facade as dispatch
from apps.dispatch.contracts import NewWork
from apps.dispatch.enums import Queue
from apps.live import facade as live_updates
from apps.tenants.facade import current_tenant
from apps.workflows.conf import RUN_KIND, code_revision
from apps.workflows.core.inputs import with_defaults
from apps.workflows.core.validate import schema_problems, schema_validator
from apps.workflows.engine.plain_json import UnstorableValue, compact, storable
from apps.workflows.enums import TERMINAL_RUN_STATES, RunState
from apps.workflows.errors import (
    AlreadyDecided,
    InvalidRunInput,
    NotWaiting,
    UnknownRun,
    UnknownWorkflow,
    WorkflowArchived,
)
from apps.workflows.live_topics import topics_of_run
from apps.workflows.models import Run, RunEvent

MAX_INPUT_BYTES = 1_000_000
EARLY = "early"
# Runs start by the thousand, and the ORM spends more on making these statements than PostgreSQL on carrying them out.
FIND = """
SELECT (SELECT r.id FROM workflows_run r WHERE r.idempotency_key = %(key)s AND NOT r.idempotency_key = ''),
       v.id, w.archived_at IS NOT NULL, v.definition -> 'inputs'
FROM (SELECT 1) one LEFT JOIN (workflows_workflow w JOIN workflows_workflowversion v ON v.id = w.current_id) ON w.slug = %(slug)s
"""
INSERT = """
INSERT INTO workflows_run ({names}) VALUES ({values})
ON CONFLICT (idempotency_key) WHERE NOT idempotency_key = '' DO NOTHING RETURNING id
"""


def start_run(
    *,
    workflow: str,
    inputs: Mapping[str, Any],
    subject_kind: str = "",
    subject_id: str = "",
    queue: Queue = Queue.DEFAULT,
    priority: int = 100,
    idempotency_key: str = "",
    trigger: str = "manual",
    started_by: int | None = None,
) -> UUID:
    """Create a run of the workflow's current version and queue it; it begins after the caller's transaction commits.

    The same ``idempotency_key`` again returns the first run's id and changes nothing. Raises ``UnknownWorkflow``,
    ``WorkflowArchived`` and ``InvalidRunInput`` (inputs are checked against the workflow's declared ``inputs`` schema).
    """
    earlier, version_id, archived, schema = _find(workflow, idempotency_key)
    if earlier is not None:
        return earlier
    if version_id is None:
        raise UnknownWorkflow(detail=f"no published workflow {workflow!r}")
    if archived:
        raise WorkflowArchived(detail=workflow)
    inputs = checked_inputs({} if schema is None else {"inputs": json.loads(schema)}, inputs)
    run_id = new_id()
    with transaction.atomic():
        created = create_run(
            run_id=run_id,
            version_id=version_id,
            inputs=inputs,
            subject_kind=subject_kind,
            subject_id=subject_id,
            queue=queue,
            priority=priority,
            idempotency_key=idempotency_key,
            trigger=trigger,
            started_by=started_by,
        )
    return run_id if created else Run.objects.only("pk").get(idempotency_key=idempotency_key).pk


def _find(workflow: str, idempotency_key: str) -> tuple[UUID | None, UUID | None, bool, str | None]:
    """The run that has the key, the current version's id, whether the workflow is archived, its inputs' schema as JSON text."""
    with connection.cursor() as cursor:
        cursor.execute(FIND, {"key": idempotency_key, "slug": workflow})
        return cursor.fetchone()  # type: ignore[no-any-return]


def checked_inputs(definition: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs with the defaults of the definition's ``inputs`` schema where nothing was given.

    Raises ``InvalidRunInput`` unless they are a storable JSON object that then fits the schema.
    """
    if not isinstance(inputs, Mapping):
        raise InvalidRunInput(fields={"inputs": _("Send an object.")})
    inputs = with_defaults(definition.get("inputs"), inputs)
    try:
        text = storable(inputs, limit=MAX_INPUT_BYTES)
    except UnstorableValue as problem:
        raise InvalidRunInput(fields={"inputs": str(problem)}, detail=problem.code) from None
    if "inputs" in definition:
        problems = schema_problems(schema_validator(definition["inputs"]), json.loads(text), place="inputs")
        if problems:
            raise InvalidRunInput(fields={problem.place: problem.message for problem in problems})
    return inputs


def create_run(
    *,
    run_id: UUID,
    version_id: UUID,
    inputs: Mapping[str, Any],
    queue: Queue,
    priority: int,
    trigger: str,
    subject_kind: str = "",
    subject_id: str = "",
    idempotency_key: str = "",
    **columns: Any,
) -> bool:
    """Insert the row and queue the work. False, and nothing is done, when another run has the idempotency key."""
    too_long = {
        name: _("Too long.")
        for name, value, limit in (
            ("subject_kind", subject_kind, 40),
            ("subject_id", subject_id, 64),
            ("idempotency_key", idempotency_key, 200),
            ("trigger", trigger, 40),
        )
        if len(value) > limit
    }
    if too_long:
        raise InvalidInput(fields=too_long)
    row = {
        "id": run_id,
        "version_id": version_id,
        "inputs": compact(dict(inputs)),
        "subject_kind": subject_kind,
        "subject_id": subject_id,
        "trigger": trigger,
        "idempotency_key": idempotency_key,
        "queue": str(queue),
        "priority": priority,
        "revision": code_revision(),
        "key_run_id": run_id,
        **columns,
        "cursor": compact(columns.get("cursor", {})),
    }
    statement = INSERT.format(names=", ".join(row), values=", ".join(["%s"] * len(row)))
    with connection.cursor() as cursor:
        cursor.execute(statement, list(row.values()))
        if cursor.fetchone() is None:
            return False
    enqueue_run(run_id=run_id, queue=queue, priority=priority)
    announce_change(run_id=run_id, subject_kind=subject_kind, subject_id=subject_id)
    return True


def announce_change(*, run_id: UUID, subject_kind: str, subject_id: str) -> None:
    """Let open pages look at a run again, once the transaction is committed."""
    topics = ["runs", *topics_of_run(str(run_id), subject_kind, subject_id)]
    live_updates.changed(tenant_id=current_tenant().id, topics=topics)


def enqueue_run(*, run_id: UUID, queue: Queue, priority: int) -> None:
    """Queue the work that carries a run on; a run has at most one live work item."""
    work = NewWork(
        kind=RUN_KIND,
        ref=str(run_id),
        queue=queue,
        priority=priority,
        dedupe_key=str(run_id),
        timeout_s=60,
        max_attempts=1000,
    )
    dispatch.enqueue(tenant_id=current_tenant().id, work=work)


def signal_run(*, run_id: UUID, event: str, payload: Mapping[str, Any], wait_path: str | None = None) -> None:
    """Answer a step that waits for ``event`` with ``payload``; the first answer to a wait counts.

    ``wait_path`` names the very wait meant (see ``RunView.waiting_at``), so that an old page cannot answer a new question.
    An event that comes before any wait for it is kept for steps that accept early answers. Raises ``UnknownRun``,
    ``NotWaiting`` (the run has ended, or does not wait at ``wait_path``), ``AlreadyDecided`` and ``InvalidInput``.
    """
    text = _plain_payload(event, payload)
    run = Run.objects.filter(pk=run_id).values("state", "cursor").first()
    if run is None:
        raise UnknownRun(detail=str(run_id))
    if run["state"] in TERMINAL_RUN_STATES:
        raise NotWaiting(detail=f"run {run_id} is {run['state']}")
    waiting = [
        token_path(token) for token in run["cursor"].get("tokens", ()) if token[3] == "waiting" and token[7] == event
    ]
    if wait_path is not None and wait_path not in waiting:
        raise NotWaiting(detail=f"run {run_id} does not wait for {event} at {wait_path}")
    slot = wait_path or next(iter(waiting), EARLY)
    try:
        with transaction.atomic():
            RunEvent.objects.create(run_id=run_id, event=event, slot=slot, payload=json.loads(text))
    except IntegrityError:
        raise AlreadyDecided(detail=f"run {run_id} {event} {slot}") from None
    dispatch.nudge(tenant_id=current_tenant().id, kind=RUN_KIND, ref=str(run_id))


def _plain_payload(event: str, payload: Mapping[str, Any]) -> str:
    if not event or len(event) > 80 or event.startswith("$"):
        raise InvalidInput(fields={"event": _("1 to 80 characters, not beginning with $.")})
    try:
        return storable(dict(payload), limit=MAX_INPUT_BYTES)
    except UnstorableValue as problem:
        raise InvalidInput(fields={"payload": str(problem)}, detail=problem.code) from None


def token_path(token: list[Any]) -> str:
    """The path of a stored token (see ``core.state``)."""
    return token[1] if token[2] == 1 else f"{token[1]}#{token[2]}"


def require_run(run_id: UUID, *, lock: bool = False) -> Run:
    """The run's row. Raises ``UnknownRun``."""
    rows = Run.objects.select_for_update() if lock else Run.objects
    run = rows.filter(pk=run_id).first()
    if run is None:
        raise UnknownRun(detail=str(run_id))
    return run


def is_live(state: str) -> bool:
    """Whether a run may still move by itself."""
    return state in (RunState.RUNNING, RunState.WAITING, RunState.REVIEW)
