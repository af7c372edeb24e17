"""The workspace: pages, databases, data sources, and what a query may see of them yet."""

import random
import threading
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from tests.servers.notion import columns, values
from tests.servers.notion.clock import Clock, iso, to_minute
from tests.servers.notion.problems import missing, validation
from tests.servers.notion.shapes import Shapes

Json = Any
Record = dict[str, Json]
PARENT_PAGE_ID = "00000000-0000-4000-8000-000000000001"
PERSON_ID = "00000000-0000-4000-8000-0000000000aa"
BOT_ID = "00000000-0000-4000-8000-0000000000bb"
WORKSPACE_ID = "00000000-0000-4000-8000-0000000000cc"


class Store(Shapes):
    """All objects of one workspace under one lock. ``lag()`` gives the seconds until an edit shows in queries."""

    def __init__(self, *, clock: Clock, seed: int = 7) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.seed = seed
        self.on_event: Callable[[str, Record, str, list[str]], None] = lambda *_args: None
        self.lag: Callable[[], float] = lambda: 0.0
        self.moves_touch = True
        self.reset()

    def reset(self) -> None:
        """An empty workspace: the shared parent page and two users."""
        with self.lock:
            self.rng = random.Random(self.seed)
            self.databases: dict[str, Record] = {}
            self.sources: dict[str, Record] = {}
            self.pages: dict[str, Record] = {}
            self.blocks: dict[str, list[Record]] = {}
            self.edits = 0
            self.number = 0
            self.users = {
                PERSON_ID: {
                    "object": "user",
                    "id": PERSON_ID,
                    "type": "person",
                    "name": "Ada Person",
                    "avatar_url": None,
                    "person": {"email": "ada@example.com"},
                },
                BOT_ID: {
                    "object": "user",
                    "id": BOT_ID,
                    "type": "bot",
                    "name": "EchoPilot",
                    "avatar_url": None,
                    "bot": {
                        "owner": {"type": "workspace", "workspace": True},
                        "workspace_id": WORKSPACE_ID,
                        "workspace_limits": {"max_file_upload_size_in_bytes": 5 * 2**20},
                        "workspace_name": "Sandbox",
                    },
                },
            }
            self._plain_page(PARENT_PAGE_ID, "EchoPilot workspace")

    def new_id(self) -> str:
        """A random id, the same sequence for the same seed."""
        return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))

    def _stamp(self, record: Record, *, by: str) -> None:
        now = self.clock.now()
        record["last_edited_time"] = to_minute(now)
        record["edited_at"] = now
        record["last_edited_by"] = {"object": "user", "id": by}

    def _new(self, record_id: str | None, *, by: str) -> Record:
        record: Record = {
            "id": record_id or self.new_id(),
            "created_time": to_minute(self.clock.now()),
            "in_trash": False,
            "created_by": {"object": "user", "id": by},
        }
        self._stamp(record, by=by)
        return record

    def _plain_page(self, page_id: str, title: str) -> Record:
        page = {
            **self._new(page_id, by=PERSON_ID),
            "parent": {"type": "workspace", "workspace": True},
            "source": None,
            "cells": {},
            "title": title,
            "number": 0,
            "shown": [],
        }
        self.pages[page["id"]] = page
        return page

    def page_with_token(self, title: str) -> Record:
        """A page a person makes for an integration of their own; its token is as good as the first one."""
        page = self._plain_page(self.new_id(), title)
        page["token"] = f"secret_{page['id'].replace('-', '')}"
        self.edits += 1
        return page

    # databases and data sources

    def create_database(
        self, *, parent: Record, title: list[Record], description: list[Record], properties: Record, by: str = BOT_ID
    ) -> Record:
        """A database with one data source."""
        database = {
            **self._new(None, by=by),
            "parent": parent,
            "title": title,
            "description": description,
            "is_inline": False,
            "sources": [],
            "locked": False,
        }
        self.databases[database["id"]] = database
        self.create_source(database, title=title, properties=properties, by=by)
        self.on_event("database.created", database, by, [])
        return database

    def create_source(self, database: Record, *, title: list[Record], properties: Record, by: str = BOT_ID) -> Record:
        """A data source in a database; it always has exactly one title column."""
        source = {
            **self._new(None, by=by),
            "database": database["id"],
            "title": title,
            "description": [],
            "columns": [],
        }
        for name, config in (properties or {"Name": {"title": {}}}).items():
            self.add_column(source, name, config)
        if sum(column["type"] == "title" for column in source["columns"]) != 1:
            raise validation("Exactly one title property is required.")
        self.sources[source["id"]] = source
        database["sources"].append(source["id"])
        return source

    def add_column(self, source: Record, name: str, config: Json) -> Record:
        """One more column. Raises Problem for a second title or a relation to nowhere."""
        path = f"body.properties.{name}"
        kinds = {column["type"] for column in source["columns"]}
        column_id = "".join(self.rng.choices("abcdefghijkmnpqrstuvwxyzABCDEFGH:;@|", k=4))
        column = columns.define(name, config, column_id=column_id, rng=self.rng, path=path)
        if column["type"] == "title":
            if "title" in kinds:
                raise validation("Cannot create new title property.")
            column["id"] = "title"
        if column["type"] == "relation":
            target = self.source(column["relation"]["data_source_id"])
            column["relation"]["database_id"] = target["database"]
        source["columns"].append(column)
        return column

    def database(self, database_id: str) -> Record:
        """Raises 404."""
        found = self.databases.get(normal(database_id))
        if found is None:
            raise missing("database", database_id)
        return found

    def source(self, source_id: str) -> Record:
        """Raises 404; a source in the bin is still there, one of a deleted database is not."""
        found = self.sources.get(normal(source_id))
        if found is None:
            raise missing("data_source", source_id)
        return found

    def column(self, source: Record, key: str) -> Record | None:
        """By id or name."""
        return next((column for column in source["columns"] if key in (column["id"], column["name"])), None)

    # pages

    def page(self, page_id: str) -> Record:
        """Raises 404."""
        found = self.pages.get(normal(page_id))
        if found is None:
            raise missing("page", page_id)
        return found

    def create_page(self, source: Record, properties: Record, *, by: str) -> Record:
        """A row."""
        cells = self.cells(source, properties)
        self.number += 1
        page = {
            **self._new(None, by=by),
            "source": source["id"],
            "cells": cells,
            "number": self.number,
            "shown": [],
            "parent": {"type": "data_source_id", "data_source_id": source["id"], "database_id": source["database"]},
        }
        self.pages[page["id"]] = page
        self._changed(page, "page.created", by, list(cells))
        return page

    def cells(self, source: Record, properties: Record) -> Record:
        """Checked cell values by column id. Raises Problem for unknown columns and wrong values."""
        accepted: Record = {}
        for key, sent in properties.items():
            column = self.column(source, key)
            if column is None:
                raise validation(f"{key} is not a property that exists.")
            accepted[column["id"]] = values.accept(column, sent, rng=self.rng, path=f"body.properties.{key}")
        return accepted

    def update_page(self, page: Record, properties: Record, *, by: str) -> None:
        """Edit cells."""
        if page["in_trash"]:
            raise validation("Can't edit block that is archived. You must unarchive the block before editing.")
        cells = self.cells(self.source(page["source"]), properties)
        page["cells"].update(cells)
        if cells:
            self._stamp(page, by=by)
            self._changed(page, "page.properties_updated", by, list(cells))

    def trash_page(self, page: Record, *, in_trash: bool, by: str) -> None:
        """To the bin or back."""
        if page["in_trash"] != in_trash:
            page["in_trash"] = in_trash
            self._stamp(page, by=by)
            self._changed(page, "page.deleted" if in_trash else "page.undeleted", by, [])

    def move_page(self, page: Record, parent: Record, *, by: str) -> None:
        """To another data source (cells of same-named, same-typed columns go along) or under a page."""
        if parent.get("data_source_id"):
            target = self.source(parent["data_source_id"])
            before = self.sources.get(page["source"] or "", {"columns": []})
            kept = {}
            for column in before["columns"]:
                twin = self.column(target, column["name"])
                if twin and twin["type"] == column["type"] and column["id"] in page["cells"]:
                    kept[twin["id"]] = page["cells"][column["id"]]
            page["cells"], page["source"] = kept, target["id"]
            page["parent"] = {
                "type": "data_source_id",
                "data_source_id": target["id"],
                "database_id": target["database"],
            }
        else:
            page["title"] = self.title_of(page)
            page["parent"] = {"type": "page_id", "page_id": self.page(parent["page_id"])["id"]}
            page["cells"], page["source"] = {}, None
        if self.moves_touch:
            self._stamp(page, by=by)
        self._changed(page, "page.moved", by, [])

    def title_of(self, page: Record) -> str:
        """Plain title."""
        if page["source"] is None:
            return str(page.get("title", ""))
        return "".join(part["plain_text"] for part in page["cells"].get("title", []))

    def _changed(self, page: Record, event: str, by: str, cells: list[str]) -> None:
        self.edits += 1
        snapshot = {key: page[key] for key in ("source", "in_trash", "last_edited_time", "last_edited_by")}
        visible_at = self.clock.now() + self.lag()
        if page["shown"]:
            visible_at = max(visible_at, page["shown"][-1][0])
        page["shown"].append((visible_at, {**snapshot, "cells": dict(page["cells"])}))
        self.on_event(event, page, by, cells)

    def visible(self, page: Record) -> Record | None:
        """The page as queries see it by now, None when they do not see it yet."""
        now = self.clock.now()
        shown = page["shown"]
        while len(shown) > 1 and shown[1][0] <= now:
            shown.pop(0)
        if not shown or shown[0][0] > now:
            return None
        return {**page, **shown[0][1]}

    def rows(self, source: Record, *, in_trash: bool = False) -> Iterable[Record]:
        """Rows of a source as queries see them."""
        for page in self.pages.values():
            if page["source"] != source["id"] and not page["shown"]:
                continue
            seen = self.visible(page)
            if seen and seen["source"] == source["id"] and seen["in_trash"] == in_trash:
                yield seen

    def settled(self) -> bool:
        """Whether queries see everything."""
        now = self.clock.now()
        return all(len(page["shown"]) < 2 or page["shown"][-1][0] <= now for page in self.pages.values())

    def dump(self) -> Record:
        """Everything, for ``--state`` files and the state page."""
        keys = ("databases", "sources", "pages", "blocks", "edits", "number")
        return {"saved_at": iso(self.clock.now()), **{key: getattr(self, key) for key in keys}}

    def load(self, state: Record) -> None:
        """Put back what ``dump`` gave."""
        for key in ("databases", "sources", "pages", "blocks", "edits", "number"):
            setattr(self, key, state[key])
        self.rng = random.Random()


def normal(object_id: str) -> str:
    """Ids come with or without dashes. Raises 400 for anything else."""
    try:
        return str(uuid.UUID(str(object_id)))
    except ValueError:
        raise validation(
            f"path failed validation: path.id should be a valid uuid, instead was `{str(object_id)[:60]}`."
        ) from None
