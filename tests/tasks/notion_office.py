"""acme with a Notion workspace: a person edits rows, the loop polls and pushes."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from apps.connectors import facade as connectors
from apps.connectors.providers.notion import outbox
from apps.tasks.models import NotionRow
from apps.workflows.conf import RUN_KIND
from tests.servers.notion import PARENT_PAGE_ID, TOKEN, NotionServer
from tests.servers.notion.seed import cells_of
from tests.servers.notion.store import PERSON_ID
from tests.tasks.driving import BODY, Office


@dataclass
class NotionOffice(Office):
    """acme, whose people write in Notion."""

    notion: NotionServer = field(kw_only=True)
    connection_id: UUID | None = None

    def connect(self) -> None:
        """Connect and create the thirteen databases."""
        with self.inside():
            view = connectors.connect_notion(token=TOKEN, parent_page_id=PARENT_PAGE_ID, base_url=self.notion.url)
            self.connection_id = view.id
            connectors.notion_apply(view.id)

    def source(self, title: str = "Automation Queue") -> dict[str, Any]:
        """A data source of the sandbox by its title."""
        return next(
            one for one in self.notion.store.sources.values() if "".join(p["plain_text"] for p in one["title"]) == title
        )

    def add(self, title: str = "Automation Queue", **cells: Any) -> str:
        """A person adds a row, ticked unless said otherwise."""
        defaults = {"Task Name": "Opening hours", "Description": BODY, "Task Type": "Drafting", "Trigger": True}
        with self.notion.store.lock:
            source = self.source(title)
            values = {
                **(defaults if title == "Automation Queue" else {}),
                **{name.replace("_", " "): value for name, value in cells.items()},
            }
            return str(
                self.notion.store.create_page(source, cells_of(self.notion.store, source, values), by=PERSON_ID)["id"]
            )

    def edit(self, page_id: str, **cells: Any) -> None:
        """A person edits a row. Time goes on by two minutes first, as stamps are rounded to the minute."""
        store = self.notion.store
        self.notion.clock.advance(120)
        with store.lock:
            page = store.page(page_id)
            named = {name.replace("_", " "): value for name, value in cells.items()}
            store.update_page(page, cells_of(store, store.source(page["source"]), named), by=PERSON_ID)

    def poll(self) -> None:
        """One poll."""
        with self.inside():
            connectors.notion_poll(self.connection_id)

    def around(self) -> None:
        """Poll, work, push: once round the loop."""
        self.poll()
        self.work(RUN_KIND, outbox.PUSH)

    def rows(self, title: str = "Automation Queue") -> list[dict[str, Any]]:
        """What a person sees: rows of a database as plain values, oldest first."""
        store = self.notion.store
        with store.lock:
            source = self.source(title)
            return [
                {"id": page["id"], **{name: plain(cell) for name, cell in store.show_page(page)["properties"].items()}}
                for page in store.pages.values()
                if page["source"] == source["id"]
            ]

    def row(self, page_id: str) -> dict[str, Any]:
        """One row of the queue."""
        return next(row for row in self.rows() if row["id"] == page_id)

    def task_of(self, page_id: str) -> Any:
        """The task the row is at."""
        with self.inside():
            found = NotionRow.objects.get(page_id=page_id)
        return self.view(found.task_id)


def plain(cell: dict[str, Any]) -> Any:
    """A property value as a person reads it."""
    value = cell[cell["type"]]
    if cell["type"] in ("title", "rich_text"):
        return "".join(piece["plain_text"] for piece in value)
    if cell["type"] == "select":
        return value["name"] if value else None
    if cell["type"] == "date":
        return value["start"] if value else None
    if cell["type"] == "relation":
        return [one["id"] for one in value]
    return value
