"""Sending one push: create or compare-and-write, so that nothing of a person's is overwritten unseen and nothing is made twice."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from apps.connectors.clock import SYSTEM, Clock
from apps.connectors.conf import timing
from apps.connectors.enums import ConflictState, CreateState, PageState, SyncState
from apps.connectors.errors import (
    DatabaseMissing,
    OutcomeUnknown,
    RemoteConflict,
    RemoteNotFound,
    SchemaDrift,
)
from apps.connectors.models import (
    NotionDatabase,
    NotionPage,
    NotionPush,
)
from apps.connectors.providers.notion import codec, conflicts, rows
from apps.connectors.providers.notion.client import NotionClient
from apps.connectors.providers.notion.delivery import Taker, adopt
from apps.connectors.providers.notion.merge import Merge, Wish, merge
from apps.connectors.providers.notion.parts import first_values, parts_of
from apps.connectors.providers.notion.session import open_connection, talking
from apps.connectors.providers.notion.specs import DatabaseSpec
from apps.connectors.registries import notion_databases
from apps.core.errors import PlatformError

Json = Any
logger = logging.getLogger(__name__)
ROUNDS = 6


def send(*, push_id: UUID, clock: Clock = SYSTEM) -> None:
    """Bring one row in step with its wishes. Safe to repeat and to kill anywhere.

    Raises what the client raises; ``OutcomeUnknown`` with ``retry_after`` while a lost create may still show up,
    ``RemoteConflict`` while another worker writes to the same row.
    """
    push = NotionPush.objects.get(pk=push_id)
    if push.state != SyncState.PENDING:
        return
    connection = open_connection(push.connection_id)
    spec = notion_databases.get(push.database_key)
    with talking(connection, clock=clock) as client:
        database = NotionDatabase.objects.filter(connection=connection, key=spec.key).first()
        if database is None:
            raise DatabaseMissing(title=spec.title)
        sender = Sender(spec=spec, database=database, client=client, clock=clock)
        for _round in range(ROUNDS):
            push = NotionPush.objects.select_related("page").get(pk=push_id)
            if not sender.step(push):
                return


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Sends pushes of one database."""

    spec: DatabaseSpec
    database: NotionDatabase
    client: NotionClient
    clock: Clock

    def step(self, push: NotionPush) -> bool:
        """One exchange; True when there may be more to do."""
        if push.page is None:
            self._create(push)
            return True
        if not push.wishes:
            return self._rest(push)
        with self._hold(push.page):
            return self._update(push, push.page)

    # Creating

    def _create(self, push: NotionPush) -> None:
        """A new row. After an unknown outcome it is looked up by our reference until it must have become visible."""
        if push.create_state == CreateState.UNKNOWN:
            found = self._find(push.local_ref)
            if found is not None:
                self._link(push, found)
                return
            patience = timedelta(seconds=timing().visibility_lag_s)
            if push.create_tried_at is not None and self.clock.now() < push.create_tried_at + patience:
                raise OutcomeUnknown(retry_after=30, detail="a created row may still show up")
        values = {name: wish["value"] for name, wish in push.wishes.items()}
        if not self._intend(push, values):
            return
        sent = rows.encode({**first_values(values, spec=self.spec, database=self.database), self.spec.reference: push.local_ref},
                           spec=self.spec, columns=self.database.columns)  # fmt: skip
        try:
            payload = self.client.create_page(source_id=self.database.data_source_id, properties=sent)
        except OutcomeUnknown as error:
            if not error.committed_id:
                raise
            payload = self.client.page(error.committed_id)
        except PlatformError:
            NotionPush.objects.filter(pk=push.pk, page__isnull=True).update(create_state=CreateState.NONE)
            raise
        self._link(push, payload)

    def _intend(self, push: NotionPush, values: dict[str, Json]) -> bool:
        """Commit to the create before a byte leaves. False when the wishes changed or another worker is at it."""
        first = first_values(values, spec=self.spec, database=self.database)
        as_read = NotionPush.objects.filter(
            pk=push.pk, revision=push.revision, page__isnull=True, create_state=push.create_state
        )
        if push.create_tried_at is not None:
            as_read = as_read.filter(create_tried_at=push.create_tried_at)
        return (
            as_read.update(create_state=CreateState.UNKNOWN, create_tried_at=self.clock.now(), create_values=first) == 1
        )

    def _find(self, local_ref: str) -> dict[str, Json] | None:
        """The oldest row that carries our reference and is not tied to anything else."""
        column = self.database.columns.get(self.spec.reference, {}).get("id") or self.spec.reference
        answer = self.client.query(self.database.data_source_id, where={"property": column, "rich_text": {"equals": local_ref}},
                                   sorts=[{"timestamp": "created_time", "direction": "ascending"}])  # fmt: skip
        for payload in answer["results"]:
            taken = NotionPage.objects.filter(database=self.database, page_id=str(payload.get("id"))).exclude(
                local_ref__in=("", local_ref)
            )
            if payload.get("object") == "page" and not taken.exists():
                return dict(payload)
        return None

    def _link(self, push: NotionPush, payload: dict[str, Json]) -> None:
        row = rows.read(payload, spec=self.spec, columns=self.database.columns)
        with transaction.atomic():
            NotionPage.objects.bulk_create(
                [NotionPage(database=self.database, page_id=row.page_id)], ignore_conflicts=True
            )
            page = NotionPage.objects.select_for_update().get(database=self.database, page_id=row.page_id)
            locked = NotionPush.objects.select_for_update().get(pk=push.pk)
            if locked.page_id is None:
                page.url = row.url
                page.last_edited_at = max(filter(None, (page.last_edited_at, row.last_edited_at)))
                adopt(page, locked, spec=self.spec)
                self._told(page, locked)

    # Writing

    def _update(self, push: NotionPush, page: NotionPage) -> bool:
        """Compare with the row as it is now, write what may be written, record what may not."""
        row = self._fetch(page)
        if row is None:
            raise RemoteNotFound(detail=f"row {page.page_id} left its database")
        wishes = dict(push.wishes)
        if row.values.get(self.spec.reference) != push.local_ref and self.spec.reference not in row.absent:
            wishes[self.spec.reference] = {"value": push.local_ref, "base": row.values[self.spec.reference]}
        blanks = {name: codec.empty(column) for name, column in self.spec.columns.items()}
        result = merge(wishes, row.values, blanks)
        if result.absent:
            raise SchemaDrift(title=self.spec.title, columns=", ".join(result.absent))
        if result.writes:
            if not self._try(push, result.writes):
                return True
            row = self._write(page, result.writes)
        return self._settle(push, page, row, result)

    def _fetch(self, page: NotionPage) -> rows.Row | None:
        """The row, whole; None (and recorded) when it left."""
        try:
            payload = self.client.page(page.page_id)
        except RemoteNotFound:
            payload = None
        taker = Taker(spec=self.spec, database=self.database, client=self.client, clock=self.clock)
        if payload is None:
            taker.remove(page.page_id, PageState.GONE)
            return None
        row = rows.read(payload, spec=self.spec, columns=self.database.columns)
        if row.in_trash or row.source_id != self.database.data_source_id:
            taker.remove(page.page_id, PageState.TRASHED if row.in_trash else PageState.MOVED)
            return None
        return rows.complete(row, spec=self.spec, client=self.client) if row.cut else row

    def _try(self, push: NotionPush, writes: Mapping[str, Json]) -> bool:
        """Write down what is about to be written, so that it is known as ours whatever happens. False: wishes changed."""
        with transaction.atomic():
            locked = NotionPush.objects.select_for_update().get(pk=push.pk)
            if locked.revision != push.revision:
                return False
            for name, value in writes.items():
                if name in locked.wishes and value not in locked.wishes[name]["tried"]:
                    locked.wishes[name]["tried"].append(value)
            locked.save(update_fields=["wishes"])
        return True

    def _write(self, page: NotionPage, writes: Mapping[str, Json]) -> rows.Row:
        """One PATCH, or several when the texts are very long."""
        sent = rows.encode(writes, spec=self.spec, columns=self.database.columns)
        payload: dict[str, Json] = {}
        for part in parts_of(sent):
            payload = self.client.update_page(page.page_id, properties=part)
        return rows.read(payload, spec=self.spec, columns=self.database.columns)

    def _settle(self, push: NotionPush, page: NotionPage, row: rows.Row, result: Merge) -> bool:
        """Record the exchange. Wishes that changed meanwhile stay. True when some are left."""
        with transaction.atomic():
            held = NotionPage.objects.select_for_update().get(pk=page.pk)
            locked = NotionPush.objects.select_for_update().get(pk=push.pk)
            for name in (*result.writes, *result.agreed):
                held.seen[name] = row.values.get(name, result.writes.get(name))
                _fulfil(locked.wishes, name, push.wishes.get(name))
            conflicts.record(held, result.clashes, agreed=(*result.writes, *result.agreed), clock=self.clock)
            for clash in result.clashes:
                _fulfil(locked.wishes, clash.property, push.wishes.get(clash.property))
            held.fingerprint = codec.fingerprint(self.spec, held.seen)
            held.last_edited_at = max(filter(None, (held.last_edited_at, row.last_edited_at)))
            held.url = row.url or held.url
            if self.spec.reference in held.seen and held.local_ref != push.local_ref:
                NotionPage.objects.filter(database=self.database, local_ref=push.local_ref).exclude(pk=held.pk).update(
                    local_ref=""
                )
                held.local_ref = push.local_ref
            if self.spec.note:
                conflicts.wish_note(held, locked, spec=self.spec)
            self._told(held, locked)
            return bool(locked.wishes)

    def _told(self, page: NotionPage, push: NotionPush) -> None:
        """Save both rows with the state people see."""
        push.failures, push.next_try_at, push.error_code, push.problem = 0, None, "", ""
        push.pushed_at = self.clock.now()
        open_conflicts = page.conflicts.filter(state=ConflictState.OPEN).exists()
        push.state = SyncState.PENDING if push.wishes else SyncState.CONFLICT if open_conflicts else SyncState.IN_STEP
        page.sync = push.state
        push.save()
        page.save()

    def _rest(self, push: NotionPush) -> bool:
        """Nothing is wished any more."""
        NotionPush.objects.filter(pk=push.pk, revision=push.revision, state=SyncState.PENDING).update(
            state=SyncState.IN_STEP, failures=0
        )
        return False

    def _hold(self, page: NotionPage) -> "PageLease":
        return PageLease(page, self.clock)


class PageLease:
    """One worker at a time writes to a row. Raises ``RemoteConflict`` (retryable) when it is taken."""

    def __init__(self, page: NotionPage, clock: Clock) -> None:
        self._page = page
        self._clock = clock

    def __enter__(self) -> None:
        now = self._clock.now()
        free = Q(lease_until__isnull=True) | Q(lease_until__lte=now)
        until = now + timedelta(seconds=timing().page_lease_s)
        if NotionPage.objects.filter(free, pk=self._page.pk).update(lease_until=until) != 1:
            raise RemoteConflict(retry_after=2, detail=f"row {self._page.page_id} is being written by another worker")

    def __exit__(self, *_error: object) -> None:
        NotionPage.objects.filter(pk=self._page.pk).update(lease_until=None)


def _fulfil(wishes: dict[str, Wish], name: str, done: Wish | None) -> None:
    """Drop a wish that was dealt with, unless a newer value was wished meanwhile; that one starts from what we wrote."""
    current = wishes.get(name)
    if current is None or done is None:
        return
    if current["value"] == done["value"]:
        del wishes[name]
