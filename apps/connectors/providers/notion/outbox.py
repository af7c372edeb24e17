"""From us to Notion: wishes that coalesce per row and are handed to the workers."""

import random
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from apps.connectors import selectors
from apps.connectors.clock import SYSTEM, Clock
from apps.connectors.conf import timing
from apps.connectors.enums import CreateState, SyncState
from apps.connectors.models import NotionDatabase, NotionPage, NotionPush
from apps.connectors.providers.notion import codec, wishes
from apps.connectors.providers.notion.merge import Wish, add_wish
from apps.connectors.providers.notion.specs import DatabaseSpec
from apps.connectors.registries import notion_databases
from apps.core.errors import InvalidInput, PlatformError
from apps.dispatch import facade as dispatch
from apps.dispatch.contracts import NewWork
from apps.dispatch.enums import Queue
from apps.tenants import facade as tenants

Json = Any
PUSH = "notion.push"
LONGEST_REF = 120
REQUEUED = 500


def upsert(*, database_key: str, local_ref: str, values: Mapping[str, Json], page_id: str | None = None,
           based_on: Mapping[str, Json] | None = None) -> None:  # fmt: skip
    """See the facade."""
    spec = notion_databases.get(database_key)
    if not local_ref or len(local_ref) > LONGEST_REF:
        raise InvalidInput(fields={"local_ref": f"1 to {LONGEST_REF} characters are needed"})
    wanted = normalise(spec, values)
    told = normalise(spec, {name: value for name, value in (based_on or {}).items() if name in wanted})
    with transaction.atomic():
        page = _page(database_key, page_id)
        connection_id = page.database.connection_id if page else selectors.default_notion_connection_id()
        if connection_id is None:
            return
        push = _locked(connection_id, database_key, local_ref)
        if page is None and push.page_id:
            page = push.page
        if page is not None and push.page_id != page.pk:
            push.page, push.create_state = page, CreateState.DONE
        push.wishes = wish(push.wishes, wanted, told=told, seen=page.seen if page else None, spec=spec)
        push.revision += 1
        push.state, push.next_try_at, push.failures, push.error_code, push.problem = SyncState.PENDING, None, 0, "", ""
        push.save()
        queue(push.pk)


def normalise(spec: DatabaseSpec, values: Mapping[str, Json]) -> dict[str, Json]:
    """Values as they are kept and compared. Raises ``InvalidInput`` naming each column at fault."""
    wrong, fine = {}, {}
    for name, value in values.items():
        column = spec.columns.get(name)
        if column is None or name == spec.reference:
            wrong[name] = "there is no such column"
            continue
        try:
            fine[name] = wishes.normalise(column, value)
        except codec.WrongValue as error:
            wrong[name] = str(error)
    if wrong:
        raise InvalidInput(fields=wrong, detail=f"{spec.key}: {wrong}")
    return fine


def wish(known: Mapping[str, Wish], wanted: Mapping[str, Json], *, told: Mapping[str, Json], seen: Mapping[str, Json] | None,
         spec: DatabaseSpec) -> dict[str, Wish]:  # fmt: skip
    """The pending wishes with these added. The base is what the caller was told, else what we saw last, else not known."""
    wishes = dict(known)
    for name, value in wanted.items():
        if name in told:
            wishes = add_wish(wishes, name, value, base=told[name], told=True)
        elif seen:
            wishes = add_wish(wishes, name, value, base=seen.get(name, codec.empty(spec.columns[name])))
        else:
            wishes = add_wish(wishes, name, value)
    return wishes


def _page(database_key: str, page_id: str | None) -> NotionPage | None:
    """Our record of a row a person made. A row we have not met is recorded without values: nothing in it is overwritten."""
    if page_id is None:
        return None
    known = NotionPage.objects.select_related("database").filter(database__key=database_key, page_id=page_id).first()
    if known is not None:
        return known
    connection_id = selectors.default_notion_connection_id()
    database = None
    if connection_id is not None:
        database = NotionDatabase.objects.filter(key=database_key, connection_id=connection_id).first()
    if database is None:
        raise InvalidInput(fields={"page_id": "the page is in no database we know"})
    return NotionPage.objects.create(database=database, page_id=page_id)


def _locked(connection_id: UUID, database_key: str, local_ref: str) -> NotionPush:
    key = {"connection_id": connection_id, "database_key": database_key, "local_ref": local_ref}
    NotionPush.objects.bulk_create([NotionPush(**key)], ignore_conflicts=True)
    return NotionPush.objects.select_for_update(of=("self",)).select_related("page").get(**key)


def queue(push_id: UUID, *, delay_s: float = 0) -> None:
    """Hand a push to the workers, in the caller's transaction; while one is running it runs once more."""
    work = NewWork(
        kind=PUSH, ref=str(push_id), dedupe_key=str(push_id), again=True, delay_s=delay_s, queue=Queue.DEFAULT
    )
    dispatch.enqueue(tenant_id=tenants.current_tenant().id, work=work)


def requeue_due(*, connection_id: UUID, clock: Clock = SYSTEM) -> int:
    """The sweep behind the queue: pushes that wait although nothing runs for them. Returns how many were handed over."""
    due = NotionPush.objects.filter(Q(next_try_at__isnull=True) | Q(next_try_at__lte=clock.now()),
                                    connection_id=connection_id, state=SyncState.PENDING)  # fmt: skip
    ids = list(due.order_by("next_try_at", "pk").values_list("pk", flat=True)[:REQUEUED])
    if ids:
        works = [NewWork(kind=PUSH, ref=str(pk), dedupe_key=str(pk)) for pk in ids]
        with transaction.atomic():
            dispatch.enqueue_many(tenant_id=tenants.current_tenant().id, works=works)
    return len(ids)


def postpone(push: NotionPush, error: PlatformError, *, clock: Clock) -> float:
    """Write a failure down and say in how many seconds to try again (full jitter, Retry-After honoured)."""
    figures = timing()
    failures = push.failures + 1
    wait: float = random.uniform(0.5, 1.0) * min(figures.retry_base_s * 2 ** min(failures - 1, 12), figures.retry_cap_s)  # noqa: S311 - jitter
    if error.retry_after is not None:
        wait = max(error.retry_after, wait if failures > 1 else 0.0) + random.uniform(0, 2)  # noqa: S311 - jitter
    NotionPush.objects.filter(pk=push.pk).update(
        failures=failures, next_try_at=clock.now() + timedelta(seconds=wait), error_code=error.code, problem=error.text
    )
    return wait


def give_up(push: NotionPush, error: PlatformError) -> None:
    """It cannot be sent as it stands; the wishes stay and a new wish or a repaired database tries again."""
    NotionPush.objects.filter(pk=push.pk, revision=push.revision).update(
        state=SyncState.FAILED, failures=push.failures + 1, next_try_at=None, error_code=error.code, problem=error.text
    )
    if push.page_id:
        NotionPage.objects.filter(pk=push.page_id).update(sync=SyncState.FAILED)


def revive(*, connection_id: UUID) -> int:
    """After the databases were repaired: try given-up pushes again. Returns how many."""
    with transaction.atomic():
        failed = NotionPush.objects.filter(connection_id=connection_id, state=SyncState.FAILED)
        return failed.update(state=SyncState.PENDING, next_try_at=None, failures=0)
