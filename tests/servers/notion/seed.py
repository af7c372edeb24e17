"""Rows for the demo. The product creates the databases; the rows are planted as soon as the queue exists."""

import json
from pathlib import Path
from typing import Any

from tests.servers.notion.store import PERSON_ID, Record, Store

QUEUE = "Automation Queue"
DEMO = Path(__file__).resolve().parents[3] / "apps" / "tasks" / "data" / "demo.json"


def demo_cells() -> list[dict[str, Any]]:
    """The product's own example requests, as a person would type them into the queue."""
    return [
        {
            "Task Name": row["title"],
            "Description": row["body"],
            "Task Type": row["type_name"],
            "Priority": row["priority"].capitalize(),
            "QA Target": row["qa_target"],
        }
        for row in json.loads(DEMO.read_text(encoding="utf-8"))
    ]


def plant(store: Store) -> None:
    """Plant the rows now if the queue exists, else the moment it is created."""
    known = store.on_event

    def watch(event: str, record: Record, by: str, cells: list[str]) -> None:
        known(event, record, by, cells)
        if event == "database.created":
            _fill(store)

    store.on_event = watch
    _fill(store)


def _fill(store: Store) -> None:
    for source in store.sources.values():
        if "".join(part["plain_text"] for part in source["title"]) != QUEUE:
            continue
        if any(page["source"] == source["id"] for page in store.pages.values()):
            continue
        for row in reversed(demo_cells()):  # the page shows the newest row first
            store.create_page(source, cells_of(store, source, row), by=PERSON_ID)


def cells_of(store: Store, source: Record, row: dict[str, Any]) -> Record:
    """Plain values as property values of the API; columns the source lacks are left out."""
    sent: Record = {}
    for name, value in row.items():
        column = store.column(source, name)
        if column is None:
            continue
        kind = column["type"]
        if kind in ("title", "rich_text"):
            text = str(value)
            value = [{"text": {"content": text[at : at + 2000]}} for at in range(0, len(text), 2000)]
        elif kind in ("select", "status"):
            value = {"name": str(value)} if value else None
        elif kind == "multi_select":
            value = [{"name": name.strip()} for name in str(value).split(",") if name.strip()]
        elif kind == "date":
            value = {"start": str(value)} if value else None
        elif kind == "number":
            value = float(value) if value not in ("", None) else None
            value = int(value) if value is not None and value == int(value) else value
        elif kind == "checkbox":
            value = value in (True, "on", "true", "1")
        elif kind in ("relation", "people", "files") or kind not in ("url", "email", "phone_number"):
            continue
        else:
            value = str(value) or None
        sent[name] = {kind: value}
    return sent
