"""Jobs of the Notion loop: one minute's sweep over connections, one poll, one push."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from apps.connectors.clock import SYSTEM
from apps.connectors.conf import timing
from apps.connectors.enums import ConnectionState, SyncState
from apps.connectors.models import Connection, NotionPush, WebhookReceipt
from apps.connectors.providers.notion import inbox, outbox, schema, sending
from apps.core.errors import PlatformError
from apps.dispatch import facade as dispatch
from apps.dispatch.contracts import JobContext, NewWork
from apps.dispatch.enums import Queue
from apps.tenants import facade as tenants

SWEEP = "notion.sweep"
POLL = "notion.poll"
SETUP = "notion.setup"
SETUP_PATIENCE_S = 900
SOON_S = 45.0
RETRY_S = 8.0


def sweep_connections(context: JobContext) -> None:
    """Every minute and tenant: a poll for each working Notion connection."""
    ids = Connection.objects.filter(connector="notion", state=ConnectionState.ACTIVE).values_list("pk", flat=True)
    works = [poll_work(pk) for pk in ids]
    if works:
        with transaction.atomic():
            dispatch.enqueue_many(tenant_id=context.work.tenant_id, works=works)
    if SYSTEM.now().minute == 0:
        forget_receipts(now=SYSTEM.now())


def forget_receipts(*, now: datetime) -> int:
    """Drop webhook receipts past their keeping time. Returns how many."""
    limit = now - timedelta(days=timing().receipt_days)
    return WebhookReceipt.objects.filter(received_at__lt=limit).delete()[0]


def poll_work(connection_id: UUID, *, delay_s: float = 0) -> NewWork:
    """The work item of one poll; a second one for the same connection joins a waiting one."""
    return NewWork(kind=POLL, ref=str(connection_id), dedupe_key=str(connection_id), delay_s=delay_s, queue=Queue.INTERACTIVE,
                   timeout_s=600, max_attempts=1)  # fmt: skip


def poll(context: JobContext) -> None:
    """Poll one connection. After a failure that may pass it is tried again shortly, and by the next minute anyway."""
    connection_id = UUID(context.work.ref)
    try:
        inbox.poll(connection_id=connection_id)
    except PlatformError as error:
        wait = retry_delay(error)
        if wait is None:
            if error.status not in (403, 404):
                raise
            return
        with transaction.atomic():
            context.complete_in_transaction()
            if wait <= SOON_S:
                dispatch.enqueue(tenant_id=context.work.tenant_id, work=poll_work(connection_id, delay_s=wait))


def retry_delay(error: PlatformError) -> float | None:
    """Seconds until a failed poll is tried again; None when it is of no use."""
    return max(RETRY_S, error.retry_after or 0.0) if error.retryable else None


def push(context: JobContext) -> None:
    """Send one push; a failure that may pass is written down and tried again, for as long as it takes."""
    push_id = UUID(context.work.ref)
    try:
        sending.send(push_id=push_id)
    except NotionPush.DoesNotExist:
        return
    except PlatformError as error:
        row = NotionPush.objects.filter(pk=push_id).first()
        if row is None:
            return
        if error.retryable or error.code == "credentials_refused":
            _again_later(context, row, error)
        else:
            outbox.give_up(row, error)


def _again_later(context: JobContext, row: NotionPush, error: PlatformError) -> None:
    """A short wait goes through the queue, a long one is found by the poll's sweep once the service is back."""
    with transaction.atomic():
        wait = outbox.postpone(row, error, clock=SYSTEM)
        if wait <= SOON_S:
            context.complete_in_transaction()
            outbox.queue(row.pk, delay_s=wait)


def wake(connection_id: UUID) -> None:
    """After a pause or a new token: waiting pushes are tried at once and the databases are read."""
    with transaction.atomic():
        NotionPush.objects.filter(connection_id=connection_id, state=SyncState.PENDING).update(next_try_at=None)
        outbox.requeue_due(connection_id=connection_id)
        dispatch.enqueue(tenant_id=tenants.current_tenant().id, work=poll_work(connection_id))


def request_poll(connection_id: UUID) -> None:
    """Have the workers read the databases now; a request while one waits joins it."""
    with transaction.atomic():
        dispatch.enqueue(tenant_id=tenants.current_tenant().id, work=poll_work(connection_id))


def request_setup(connection_id: UUID, *, shadow_columns: bool = False) -> None:
    """Have the workers create, check and repair the databases; a second request while one waits joins it."""
    ref = f"{connection_id}/shadow" if shadow_columns else str(connection_id)
    with transaction.atomic():
        Connection.objects.filter(pk=connection_id).update(
            setup_asked_at=SYSTEM.now(), setup_done_at=None, setup_problem=""
        )
        dispatch.enqueue(tenant_id=tenants.current_tenant().id, work=_setup_work(ref))


def _setup_work(ref: str, *, delay_s: float = 0) -> NewWork:
    return NewWork(kind=SETUP, ref=ref, dedupe_key=ref, delay_s=delay_s, queue=Queue.INTERACTIVE, timeout_s=600,
                   max_attempts=2)  # fmt: skip


def set_up(context: JobContext) -> None:
    """Bring the databases into their declared shape and write down how it ended.

    What may pass (a rate limit, another set-up at work) is tried again for a quarter of an hour from the request on.
    """
    key, _slash, shadow = context.work.ref.partition("/")
    connection_id = UUID(key)
    try:
        diff = schema.sync(connection_id=connection_id, dry_run=False, shadow_columns=bool(shadow))
    except PlatformError as error:
        asked_at = Connection.objects.filter(pk=connection_id).values_list("setup_asked_at", flat=True).first()
        patient = asked_at is not None and SYSTEM.now() - asked_at < timedelta(seconds=SETUP_PATIENCE_S)
        with transaction.atomic():
            context.complete_in_transaction()
            if error.retryable and patient:
                Connection.objects.filter(pk=connection_id).update(setup_problem=error.text)
                wait = max(RETRY_S, error.retry_after or 0.0)
                dispatch.enqueue(
                    tenant_id=context.work.tenant_id, work=_setup_work(context.work.ref, delay_s=min(wait, SOON_S))
                )
            else:
                _setup_ended(connection_id, problem=error.text)
        return
    blocked = [f"{change.database_key}: {change.subject} {change.detail}" for change in diff.changes if change.blocked]
    _setup_ended(connection_id, problem="; ".join(blocked))
    dispatch.enqueue(tenant_id=context.work.tenant_id, work=poll_work(connection_id))


def _setup_ended(connection_id: UUID, *, problem: str) -> None:
    Connection.objects.filter(pk=connection_id).update(setup_done_at=SYSTEM.now(), setup_problem=problem)
