"""All rows of a data source, past the 10,000 a single query will list.

Rows come sorted by a stamp; when Notion says the result is incomplete, the next query starts at the last stamp seen and rows
already seen are dropped by id (the method of iterateAllDataSourceRows in Notion's JavaScript client).
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal

from apps.connectors.errors import PayloadInvalid, WindowTooDense
from apps.connectors.providers.notion.client import NotionClient

Stamp = Literal["created_time", "last_edited_time"]
Json = Any


def pages(
    client: NotionClient, source_id: str, *, stamp: Stamp, since: datetime | None = None
) -> Iterator[list[dict[str, Json]]]:
    """Lists of new page objects, oldest stamp first, each row once (a row edited on the way may come again).

    Raises ``WindowTooDense`` when one minute holds more rows than a query lists.
    """
    start = None if since is None else since.isoformat()
    seen: set[tuple[str, str]] = set()
    while True:
        last, incomplete = None, False
        for answer in _one_query(client, source_id, stamp=stamp, start=start):
            rows = [row for row in answer["results"] if row.get("object") == "page"]
            fresh = [row for row in rows if (str(row.get("id")), str(row.get(stamp))) not in seen]
            seen.update((str(row.get("id")), str(row.get(stamp))) for row in fresh)
            last = str(rows[-1].get(stamp)) if rows else last
            incomplete = (answer.get("request_status") or {}).get("type") == "incomplete"
            yield fresh
        if not incomplete:
            return
        if last is None or last == start:
            raise WindowTooDense(detail=f"source {source_id} at {last}")
        seen = {entry for entry in seen if entry[1] >= last}
        start = last


def _one_query(client: NotionClient, source_id: str, *, stamp: Stamp, start: str | None) -> Iterator[dict[str, Json]]:
    where = None if start is None else {"timestamp": stamp, stamp: {"on_or_after": start}}
    cursor, used = None, set()
    while True:
        answer = client.query(
            source_id, where=where, sorts=[{"timestamp": stamp, "direction": "ascending"}], cursor=cursor
        )
        yield answer
        cursor = answer.get("next_cursor")
        if not answer.get("has_more") or not cursor:
            return
        if cursor in used:
            raise PayloadInvalid(detail="the cursor repeats itself")
        used.add(cursor)
