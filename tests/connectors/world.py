"""A small world for tests and measurements: a sandbox, simulated time, two databases, and the app that listens."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.test import override_settings

from apps.connectors import connections
from apps.connectors.contracts import DatabaseSpec, PageChange, PageRemoved, PropertySpec
from apps.connectors.enums import SyncState
from apps.connectors.models import Connection, NotionDatabase, NotionPage, NotionPush
from apps.connectors.providers.notion import inbox, outbox, schema, sending
from apps.connectors.registries import notion_databases
from apps.core.errors import PlatformError
from tests.servers.notion import PARENT_PAGE_ID, TOKEN, NotionServer
from tests.servers.notion.oracle import check_exchange
from tests.servers.notion.seed import cells_of
from tests.servers.notion.store import PERSON_ID

START = datetime(2026, 11, 1, 9, 0, 20, tzinfo=UTC).timestamp()
Json = Any


class SimulatedClock:
    """Our side's clock, the same as the sandbox's; waiting moves it on."""

    def __init__(self, notion: NotionServer) -> None:
        self.notion = notion
        self.slept = 0.0

    def now(self) -> datetime:
        """The sandbox's instant."""
        return datetime.fromtimestamp(self.notion.clock.now(), tz=UTC)

    def sleep(self, seconds: float) -> None:
        """Move on."""
        self.slept += seconds
        self.notion.clock.advance(seconds)


@dataclass
class App:
    """The app behind the databases: remembers what it was told, can be made to fail."""

    changes: list[PageChange] = field(default_factory=list)
    removed: list[PageRemoved] = field(default_factory=list)
    fail: list[Exception] = field(default_factory=list)
    answer: Any = None

    def on_change(self, change: PageChange) -> None:
        """Take a change, or raise what was planned."""
        if self.fail:
            raise self.fail.pop(0)
        self.changes.append(change)
        if self.answer:
            self.answer(change)

    def on_removed(self, removed: PageRemoved) -> None:
        """Take a removal."""
        self.removed.append(removed)


def specs(app: App) -> tuple[DatabaseSpec, ...]:
    """A queue that is read and written, and a log that is only written."""
    queue = DatabaseSpec(
        key="t_queue",
        title="Test Queue",
        env_name="TEST_QUEUE_DB_ID",
        on_change=app.on_change,
        on_removed=app.on_removed,
        poll=True,
        note="Sync Note",
        properties=(
            PropertySpec(name="Task Name", type="title", direction="in"),
            PropertySpec(name="Description", type="rich_text", direction="in"),
            PropertySpec(name="Trigger", type="checkbox", direction="both"),
            PropertySpec(
                name="Status", type="select", direction="both", options=("New", "Processing", "Done", "Failed")
            ),
            PropertySpec(name="Plan", type="rich_text", direction="both"),
            PropertySpec(name="QA Target", type="number", direction="in"),
            PropertySpec(name="Due", type="date", direction="in"),
            PropertySpec(name="Tags", type="multi_select", direction="in"),
            PropertySpec(name="Linked", type="relation", direction="in", relation_to="t_queue"),
            PropertySpec(name="Result", type="rich_text"),
            PropertySpec(name="Score", type="number"),
            PropertySpec(name="Sync Note", type="rich_text"),
        ),
    )
    log = DatabaseSpec(
        key="t_log",
        title="Test Log",
        env_name="TEST_LOG_DB_ID",
        properties=(
            PropertySpec(name="Task", type="title"),
            PropertySpec(name="Details", type="rich_text"),
            PropertySpec(name="More", type="rich_text"),
            PropertySpec(name="Cost", type="number", number_format="dollar"),
            PropertySpec(name="When", type="date"),
            PropertySpec(name="Kind", type="select", options=("Success", "Review", "Error")),
            PropertySpec(name="Link", type="url"),
            PropertySpec(name="Mail", type="email"),
            PropertySpec(name="Labels", type="multi_select", options=("a", "b")),
        ),
    )
    return queue, log


class World:
    """Everything together. Must be used inside a tenant's context."""

    def __init__(self, notion: NotionServer, app: App) -> None:
        self.notion = notion
        self.store = notion.store
        self.app = app
        self.clock = SimulatedClock(notion)
        self.wrong_shapes: list[str] = []
        notion.on_answer = self._judge
        view = connections.connect_notion(
            token=TOKEN, parent_page_id=PARENT_PAGE_ID, base_url=notion.url, clock=self.clock
        )
        self.connection_id = view.id

    def _judge(self, method: str, path: str, body: Json, status: int, answer: Json) -> None:
        if len(self.wrong_shapes) < 20:
            self.wrong_shapes += check_exchange(method, path, body, status, answer)

    @property
    def connection(self) -> Connection:
        """The connection's row, as it is now."""
        return Connection.objects.get(pk=self.connection_id)

    def set_up(self, **options: Json) -> Any:
        """Create or repair the databases."""
        return schema.sync(connection_id=self.connection_id, dry_run=False, clock=self.clock, **options)

    def plan(self) -> Any:
        """What a set-up would do."""
        return schema.sync(connection_id=self.connection_id, dry_run=True, clock=self.clock)

    def database(self, key: str = "t_queue") -> NotionDatabase:
        """Our record of a database."""
        return NotionDatabase.objects.get(connection_id=self.connection_id, key=key)

    def source(self, key: str = "t_queue") -> Json:
        """The sandbox's data source."""
        return self.store.source(self.database(key).data_source_id)

    def add(self, key: str = "t_queue", **cells: Json) -> str:
        """A person adds a row."""
        with self.store.lock:
            source = self.source(key)
            return str(self.store.create_page(source, cells_of(self.store, source, _named(cells)), by=PERSON_ID)["id"])

    def edit(self, page_id: str, **cells: Json) -> None:
        """A person edits cells; ``Task_Name`` stands for "Task Name"."""
        with self.store.lock:
            page = self.store.page(page_id)
            self.store.update_page(
                page, cells_of(self.store, self.store.source(page["source"]), _named(cells)), by=PERSON_ID
            )

    def cells(self, page_id: str) -> dict[str, Json]:
        """A row's plain values as a person sees them."""
        from tests.servers.notion.ui import _plain

        page = self.store.page(page_id)
        return {column["name"]: _plain(column, page) for column in self.store.source(page["source"])["columns"]}

    def poll(self, *, after: float = 60) -> Any:
        """Let time pass, then poll once."""
        self.notion.clock.advance(after)
        return inbox.poll(connection_id=self.connection_id, clock=self.clock)

    def upsert(self, ref: str, key: str = "t_queue", **options: Json) -> None:
        """Wish values into a row."""
        outbox.upsert(database_key=key, local_ref=ref, **options)

    def push(self, *, rounds: int = 1, after: float = 0) -> list[PlatformError]:
        """Send every waiting push that is due, as the job does; returns the errors met."""
        errors = []
        for _round in range(rounds):
            self.notion.clock.advance(after)
            for row in NotionPush.objects.filter(state=SyncState.PENDING).order_by("created_at", "pk"):
                if row.next_try_at and row.next_try_at > self.clock.now():
                    continue
                try:
                    sending.send(push_id=row.pk, clock=self.clock)
                except PlatformError as error:
                    errors.append(error)
                    row.refresh_from_db()
                    if error.retryable or error.code == "credentials_refused":
                        outbox.postpone(row, error, clock=self.clock)
                    else:
                        outbox.give_up(row, error)
        return errors

    def page(self, page_id: str) -> NotionPage:
        """Our record of a row."""
        return NotionPage.objects.get(page_id=page_id)

    def faults(self, *rules: dict[str, Json]) -> None:
        """Misbehave."""
        self.notion.faults.replace(list(rules))


def _named(cells: dict[str, Json]) -> dict[str, Json]:
    return {name.replace("_", " "): value for name, value in cells.items()}


@contextlib.contextmanager
def opened(*, set_up: bool = True, **options: Json) -> Iterator[World]:
    """A world with virtual time, ready to be used."""
    app = App()
    declared = specs(app)
    with NotionServer(**options) as notion, _only(declared):
        notion.clock.set(START)
        with override_settings(OUTBOUND_ALLOW=[notion.url.removeprefix("http://")], NOTION_BASE_URL=None):
            world = World(notion, app)
            if set_up:
                world.set_up()
            yield world


@contextlib.contextmanager
def _only(declared: tuple[DatabaseSpec, ...]) -> Iterator[None]:
    """The databases other apps declare step aside."""
    with notion_databases.temporarily():
        notion_databases._entries = {}
        for spec in declared:
            notion_databases._add(spec)
        yield
