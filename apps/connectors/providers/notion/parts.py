"""Values cut into requests that stay below Notion's 500 kB."""

import json
from collections.abc import Mapping

from apps.connectors.models import NotionDatabase
from apps.connectors.providers.notion import rows
from apps.connectors.providers.notion.specs import DatabaseSpec, Json

BODY_BYTES = 450_000


def first_values(values: Mapping[str, Json], *, spec: DatabaseSpec, database: NotionDatabase) -> dict[str, Json]:
    """The values a create carries: as many as fit one request; the rest follows as an update."""
    chosen: dict[str, Json] = {}
    used = 0
    for name, value in values.items():
        used += body_size(rows.encode({name: value}, spec=spec, columns=database.columns))
        if used <= BODY_BYTES:
            chosen[name] = value
    return chosen


def parts_of(sent: dict[str, Json]) -> list[dict[str, Json]]:
    """Property values in as few requests as their size allows."""
    parts: list[dict[str, Json]] = [{}]
    used = 0
    for key, value in sent.items():
        size = body_size({key: value})
        if parts[-1] and used + size > BODY_BYTES:
            parts.append({})
            used = 0
        parts[-1][key] = value
        used += size
    return parts


def body_size(value: Json) -> int:
    """Bytes of a value in a request body."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
