"""One row from Notion to the app: delivered once per fingerprint, in one transaction with what we remember of it."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import transaction

from apps.connectors.clock import Clock
from apps.connectors.enums import CreateState, PageState
from apps.connectors.errors import PayloadInvalid, RemoteNotFound
from apps.connectors.models import NotionDatabase, NotionPage, NotionPush
from apps.connectors.providers.notion import codec, rows
from apps.connectors.providers.notion.client import NotionClient
from apps.connectors.providers.notion.specs import DatabaseSpec, PageChange, PageRemoved
from apps.connectors.webhooks_out.happenings import publish_change
from apps.core.errors import PlatformError

Json = Any
logger = logging.getLogger(__name__)
CHECK_BASE_S, CHECK_CAP_S = 60, 3600


class Taker:
    """Takes rows of one database. A row that fails is written down and fetched again later; it stops no other row.

    Network failures pass on to the caller, who must then not believe that everything was taken.
    """

    def __init__(self, *, spec: DatabaseSpec, database: NotionDatabase, client: NotionClient, clock: Clock) -> None:
        self.spec = spec
        self.database = database
        self.client = client
        self.clock = clock
        self.rows = self.delivered = self.failed = self.removed = 0
        self.absent: set[str] = set()
        self.on_delivered: Callable[[rows.Row], None] = lambda _row: None

    def take_all(self, payloads: list[dict[str, Json]]) -> None:
        """Take the rows of one answer; known ones are looked up in one query, unchanged ones cost nothing more."""
        ids = [str(payload.get("id")) for payload in payloads]
        known = {page.page_id: page for page in NotionPage.objects.filter(database=self.database, page_id__in=ids)}
        for payload in payloads:
            self.take(payload, known.get(str(payload.get("id"))))

    def take(self, payload: dict[str, Json], page: NotionPage | None, *, fetched: bool = False) -> None:
        """Take one page object. ``fetched``: it was fetched by itself, so it is no late answer of Notion's index."""
        self.rows += 1
        page_id = str(payload.get("id"))[:36]
        try:
            row = self._current(self._read(payload), page, fetched=fetched)
        except RemoteNotFound:
            self.remove(page_id, PageState.GONE)
            return
        except PayloadInvalid as error:
            self._fail(page_id, error)
            return
        try:
            if row is not None:
                self._deliver(row)
            elif page is not None and (page.check_at is not None or page.check_failures):
                _at_rest(page)
        except Exception as error:  # noqa: BLE001 - whatever the app's handler raises, the other rows go on
            self._fail(page_id, error)

    def check(self, page: NotionPage) -> None:
        """Fetch one row by itself and take it, or find out where it went."""
        try:
            payload = self.client.page(page.page_id)
        except RemoteNotFound:
            self.remove(page.page_id, PageState.GONE)
        else:
            self.take(payload, page, fetched=True)

    def remove(self, page_id: str, state: PageState) -> None:
        """The row is not in the database any more; the app is told once."""
        with transaction.atomic():
            page = NotionPage.objects.select_for_update().filter(database=self.database, page_id=page_id).first()
            if page is None or page.state == state:
                return
            was_live = page.state == PageState.LIVE
            page.state, page.check_at, page.check_failures, page.error_code, page.problem = state, None, 0, "", ""
            page.save(update_fields=["state", "check_at", "check_failures", "error_code", "problem"])
            if was_live and self.spec.on_removed is not None:
                self.spec.on_removed(PageRemoved(
                    connection_id=self.database.connection_id, database_key=self.spec.key, page_id=page_id,
                    local_ref=page.local_ref, reason=str(state)))  # fmt: skip
        self.removed += was_live

    def _read(self, payload: dict[str, Json]) -> rows.Row:
        row = rows.read(payload, spec=self.spec, columns=self.database.columns)
        self.absent |= row.absent
        return row

    def _current(self, row: rows.Row, page: NotionPage | None, *, fetched: bool) -> rows.Row | None:
        """The row to deliver, or None when it is no news. Fetches it again when the answer may be older than what we know.

        Stamps are rounded to the minute, and queries may show an edit late: a row that differs and carries a stamp older than
        the newest we know is old news; one with the same stamp may be either, so the page itself is asked.
        """
        if page is not None and not fetched:
            if page.state == PageState.LIVE and self._fingerprint(row, page) == page.fingerprint:
                return None
            if page.last_edited_at is not None and row.last_edited_at < page.last_edited_at:
                return None
            if page.last_edited_at is not None and row.last_edited_at == page.last_edited_at:
                row = self._read(self.client.page(row.page_id))
        if row.in_trash or row.source_id != self.database.data_source_id:
            self.remove(row.page_id, PageState.TRASHED if row.in_trash else PageState.MOVED)
            return None
        if page is not None and page.state == PageState.LIVE and self._fingerprint(row, page) == page.fingerprint:
            return None
        inbound = set(self.spec.inbound)
        return rows.complete(row, spec=self.spec, client=self.client) if inbound & set(row.cut) else row

    def _fingerprint(self, row: rows.Row, page: NotionPage) -> str:
        return codec.fingerprint(self.spec, {**page.seen, **row.values})

    def _deliver(self, row: rows.Row) -> None:
        """Tell the app, and remember that it was told, or neither. Never twice for the same fingerprint."""
        with transaction.atomic():
            page = self._locked(row)
            news = _news(self.spec, row, page)
            first = not page.seen
            for name, value in row.values.items():
                if name in self.spec.inbound or first:
                    page.seen[name] = value
            page.fingerprint = codec.fingerprint(self.spec, page.seen)
            page.url, page.last_edited_at, page.state = (
                row.url,
                max(filter(None, (page.last_edited_at, row.last_edited_at))),
                PageState.LIVE,
            )
            page.check_at, page.check_failures, page.error_code, page.problem = None, 0, "", ""
            if news:
                page.version += 1
                page.delivered_at = self.clock.now()
            page.save()
            if news and self.spec.on_change is not None:
                self.spec.on_change(self._change(row, page, frozenset(news)))
            if news:
                publish_change(self._change(row, page, frozenset(news)))
        if news:
            self.delivered += 1
            self.on_delivered(row)

    def _change(self, row: rows.Row, page: NotionPage, news: frozenset[str]) -> PageChange:
        values = {name: row.values.get(name, page.seen.get(name, codec.empty(column))) for name, column in self.spec.columns.items()
                  if name != self.spec.reference}  # fmt: skip
        return PageChange(connection_id=self.database.connection_id, database_key=self.spec.key, page_id=page.page_id, url=page.url,
                          values=values, changed=news, last_edited_at=row.last_edited_at, version=page.version,
                          local_ref=page.local_ref)  # fmt: skip

    def _locked(self, row: rows.Row) -> NotionPage:
        """Our record of the row, locked; made when it is new, and tied to the push that created it when it is ours."""
        NotionPage.objects.bulk_create(
            [NotionPage(database=self.database, page_id=row.page_id, url=row.url)], ignore_conflicts=True
        )
        page = NotionPage.objects.select_for_update().get(database=self.database, page_id=row.page_id)
        if not page.seen and not page.local_ref:
            push = self._creating(row)
            if push is not None:
                adopt(page, push, spec=self.spec)
        return page

    def _creating(self, row: rows.Row) -> NotionPush | None:
        """The push whose create made this row although its answer never reached us."""
        reference = row.values.get(self.spec.reference)
        if not reference:
            return None
        waiting = NotionPush.objects.select_for_update().filter(
            connection=self.database.connection_id, database_key=self.spec.key, local_ref=reference, page__isnull=True,
            create_state=CreateState.UNKNOWN)  # fmt: skip
        return waiting.first()

    def _fail(self, page_id: str, error: Exception) -> None:
        """Write the failure to the row; it is fetched by itself later, at growing intervals, until it is taken."""
        self.failed += 1
        if not rows.ID.match(page_id):
            logger.warning(
                "notion row without a usable id", extra={"database": self.spec.key, "reason": str(error)[:300]}
            )
            return
        with transaction.atomic():
            NotionPage.objects.bulk_create([NotionPage(database=self.database, page_id=page_id)], ignore_conflicts=True)
            page = NotionPage.objects.select_for_update().get(database=self.database, page_id=page_id)
            page.check_failures += 1
            wait = min(CHECK_BASE_S * 2 ** (page.check_failures - 1), CHECK_CAP_S)
            page.check_at = self.clock.now() + timedelta(seconds=wait)
            page.error_code = error.code if isinstance(error, PlatformError) else "delivery_failed"
            page.problem = error.text if isinstance(error, PlatformError) else type(error).__name__
            page.save(update_fields=["check_failures", "check_at", "error_code", "problem"])
        expected = isinstance(error, PlatformError)
        logger.warning(
            "notion row not taken",
            exc_info=None if expected else error,
            extra={
                "database": self.spec.key,
                "page": page_id,
                "error_code": page.error_code,
                "reason": str(error)[:300],
            },
        )


def adopt(page: NotionPage, push: NotionPush, *, spec: DatabaseSpec) -> None:
    """Tie a row to the push that created it: what we sent is what we have seen, the rest was empty. Both rows are locked."""
    page.local_ref = push.local_ref
    page.seen = (
        {name: codec.empty(column) for name, column in spec.columns.items()}
        | {spec.reference: push.local_ref}
        | push.create_values
    )
    page.fingerprint = codec.fingerprint(spec, page.seen)
    page.save()
    push.page, push.create_state = page, CreateState.DONE
    push.wishes = {name: wish for name, wish in push.wishes.items()
                   if name not in push.create_values or wish["value"] != push.create_values[name]}  # fmt: skip
    for name, wish in push.wishes.items():
        wish.setdefault("base", push.create_values.get(name, codec.empty(spec.columns[name])))
    push.save()


def _news(spec: DatabaseSpec, row: rows.Row, page: NotionPage) -> set[str]:
    """Inbound columns that differ from what the app was told, and not because we wrote them."""
    ours = _written_by_us(page)
    return {name for name in spec.inbound
            if name in row.values and (name not in page.seen or row.values[name] != page.seen[name])
            and row.values[name] not in ours.get(name, ())}  # fmt: skip


def _written_by_us(page: NotionPage) -> dict[str, list[Json]]:
    """Values we may have written to the row without having the answer yet."""
    tried: dict[str, list[Json]] = {}
    for wishes in NotionPush.objects.filter(page=page).exclude(wishes={}).values_list("wishes", flat=True):
        for name, wish in wishes.items():
            tried.setdefault(name, []).extend(wish.get("tried", ()))
    return tried


def _at_rest(page: NotionPage) -> None:
    NotionPage.objects.filter(pk=page.pk).update(check_at=None, check_failures=0, error_code="", problem="")
