"""Page objects of Notion read through a database's declared columns."""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.connectors.errors import PayloadInvalid
from apps.connectors.providers.notion import codec, wishes
from apps.connectors.providers.notion.client import NotionClient
from apps.connectors.providers.notion.specs import DatabaseSpec, PropertySpec

Json = Any
ID = re.compile(r"^[0-9a-fA-F-]{32,36}$")
logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A page as of one moment. ``values`` by declared name; ``absent`` columns are not there or of another type.

    ``cut`` names columns of which Notion left part out, with the id to fetch the rest by.
    """

    page_id: str
    url: str
    values: Mapping[str, Json]
    absent: frozenset[str]
    cut: Mapping[str, str]
    last_edited_at: datetime
    in_trash: bool
    source_id: str


def read(payload: Json, *, spec: DatabaseSpec, columns: Mapping[str, Mapping[str, str]]) -> Row:
    """Read a page object. Cells are found by the column's id first, so a renamed column is still the same one.

    Raises ``PayloadInvalid`` when the page itself is broken; a broken cell only makes its column absent.
    """
    try:
        page_id, edited = payload["id"], payload["last_edited_time"]
        cells = payload["properties"]
        by_id = {
            cell["id"]: cell for cell in cells.values() if isinstance(cell, dict) and isinstance(cell.get("id"), str)
        }
        parent = payload.get("parent") or {}
        in_trash = bool(payload.get("in_trash") or payload.get("archived"))
        if not ID.match(page_id):
            raise ValueError("id")
        moment = datetime.fromisoformat(edited)
        source_id = str(parent.get("data_source_id") or "")
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise PayloadInvalid(detail=f"broken page object: {type(error).__name__}: {error}") from None
    values: dict[str, Json] = {}
    absent, cut = set(), {}
    for name, column in spec.columns.items():
        cell = by_id.get(columns.get(name, {}).get("id", "")) or cells.get(name)
        try:
            values[name] = codec.decode(column, cell)
            if codec.is_cut(column, cell):
                cut[name] = str(cell["id"])
        except codec.BrokenCell:
            absent.add(name)
    return Row(page_id=page_id, url=codec.clean(str(payload.get("url") or ""))[:500], values=values, absent=frozenset(absent),
               cut=cut, last_edited_at=moment, in_trash=in_trash, source_id=source_id)  # fmt: skip


def complete(row: Row, *, spec: DatabaseSpec, client: NotionClient) -> Row:
    """The row with its long cells fetched whole. Network."""
    values = dict(row.values)
    for name, property_id in row.cut.items():
        values[name] = _whole(spec.columns[name], client.page_property(row.page_id, property_id))
    return Row(**{**row.__dict__, "values": values, "cut": {}})


def _whole(column: PropertySpec, items: list[dict[str, Json]]) -> Json:
    try:
        return codec.decode(column, {"type": column.type, column.type: [item[column.type] for item in items]})
    except (KeyError, codec.BrokenCell):
        raise PayloadInvalid(detail=f"broken property items of {column.name}") from None


def encode(
    values: Mapping[str, Json], *, spec: DatabaseSpec, columns: Mapping[str, Mapping[str, str]]
) -> dict[str, Json]:
    """Property values to send, by column id, in the type the column has in Notion."""
    sent: dict[str, Json] = {}
    for name, value in values.items():
        remote = columns.get(name, {})
        kind = remote.get("type", "")
        sent[remote.get("id") or name] = wishes.encode(
            spec.columns[name], value, remote_type=kind if kind in ("select", "status") else ""
        )
    return sent
