"""Columns of one database: declared against found. Pure: no network, no tables."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from apps.connectors.contracts import SchemaChange
from apps.connectors.enums import SchemaAction
from apps.connectors.providers.notion.specs import (
    OPTION_TYPES,
    DatabaseSpec,
    PropertySpec,
)

Json = Any
Columns = Mapping[str, Mapping[str, str]]
MOST_OPTIONS = 100


@dataclass(frozen=True)
class Plan:
    """What is different, and the one update that mends what can be mended."""

    changes: tuple[SchemaChange, ...]
    updates: dict[str, Json]


def definition(column: PropertySpec, *, sources: Mapping[str, str] | None = None) -> dict[str, Json]:
    """The column as it is sent to Notion."""
    if column.type == "number":
        return {"type": "number", "number": {"format": column.number_format}}
    if column.type in OPTION_TYPES:
        return {"type": column.type, column.type: {"options": [{"name": name} for name in column.options]}}
    if column.type == "relation":
        return {"type": "relation", "relation": {"data_source_id": (sources or {})[column.relation_to], "type": "single_property",
                                                 "single_property": {}}}  # fmt: skip
    return {"type": column.type, column.type: {"prefix": None} if column.type == "unique_id" else {}}


def shadow_name(column: PropertySpec) -> str:
    """Name of the column that is added beside one of the wrong type."""
    return f"{column.name} ({column.type.replace('_', ' ')})"


def find(column: PropertySpec, remote: Mapping[str, Json], *, known: Columns) -> Mapping[str, Json] | None:
    """The remote column that is ours: by the id we remember, else by name (the title by being the title), else its shadow."""
    columns: Mapping[str, Mapping[str, Json]] = remote
    by_id = {str(found.get("id")): found for found in columns.values()}
    if column.type == "title":
        return next((found for found in columns.values() if found.get("type") == "title"), None)
    remembered = by_id.get(known.get(column.name, {}).get("id", ""))
    if remembered is not None and fits(column, remembered):
        return remembered
    shadow = columns.get(shadow_name(column))
    if shadow is not None and fits(column, shadow):
        return shadow
    return remembered or columns.get(column.name)


def fits(column: PropertySpec, found: Mapping[str, Json]) -> bool:
    """Whether the remote column can hold our values; select and status are read and written alike."""
    alike = {"select": ("select", "status"), "status": ("status", "select")}
    return found.get("type") in alike.get(column.type, (column.type,))


def plan(
    spec: DatabaseSpec, remote: Mapping[str, Json], *, known: Columns, sources: Mapping[str, str], shadow: bool
) -> Plan:
    """Compare all columns. Nothing is removed, renamed or converted; foreign columns and options are left alone."""
    changes: list[SchemaChange] = []
    updates: dict[str, Json] = {}

    def note(action: SchemaAction, column: PropertySpec, detail: str = "", *, blocked: bool = False) -> None:
        changes.append(
            SchemaChange(database_key=spec.key, action=str(action), subject=column.name, detail=detail, blocked=blocked)
        )

    for column in spec.columns.values():
        found = find(column, remote, known=known)
        if found is None:
            if column.type == "relation" and column.relation_to not in sources:
                note(
                    SchemaAction.BLOCKED,
                    column,
                    f"the database {column.relation_to!r} does not exist yet",
                    blocked=True,
                )
                continue
            note(SchemaAction.ADD_PROPERTY, column, column.type)
            updates[column.name] = definition(column, sources=sources)
        elif not fits(column, found):
            proposal = f"is {found.get('type')}, should be {column.type}; its values are left alone"
            if shadow and shadow_name(column) not in remote:
                note(SchemaAction.ADD_SHADOW, column, f"{proposal}; adding {shadow_name(column)!r} beside it")
                updates[shadow_name(column)] = definition(column, sources=sources)
            else:
                note(
                    SchemaAction.WRONG_TYPE,
                    column,
                    f"{proposal}; a second column {shadow_name(column)!r} can be added",
                    blocked=True,
                )
        else:
            _details(column, found, note, updates)
    return Plan(changes=tuple(changes), updates=updates)


def _details(column: PropertySpec, found: Mapping[str, Json], note, updates: dict[str, Json]) -> None:  # type: ignore[no-untyped-def]
    """Name, options and number format of a column of the right type."""
    if found.get("name") not in (column.name, shadow_name(column)):
        note(SchemaAction.RENAMED, column, f"is called {found.get('name')!r} there")
    kind = str(found.get("type"))
    if column.options and kind in OPTION_TYPES:
        present = list((found.get(kind) or {}).get("options", []))
        names = {str(option.get("name")) for option in present}
        lacking = [name for name in column.options if name not in names]
        if lacking and kind == "status":
            note(SchemaAction.BLOCKED, column, f"add the status options by hand: {', '.join(lacking)}", blocked=True)
        elif lacking and len(present) + len(lacking) > MOST_OPTIONS:
            note(SchemaAction.BLOCKED, column, "has too many options to add ours", blocked=True)
        elif lacking:
            note(SchemaAction.ADD_OPTIONS, column, ", ".join(lacking))
            kept = [{"id": option["id"], "name": option["name"]} for option in present]
            updates[str(found["id"])] = {kind: {"options": [*kept, *({"name": name} for name in lacking)]}}
    if column.type == "number" and (found.get("number") or {}).get("format") != column.number_format:
        note(SchemaAction.SET_FORMAT, column, column.number_format)
        updates[str(found["id"])] = {"number": {"format": column.number_format}}


def mapping(spec: DatabaseSpec, remote: Mapping[str, Json], *, known: Columns) -> dict[str, dict[str, str]]:
    """Our names to the columns that hold them; columns that do not fit are left out."""
    chosen = {}
    for column in spec.columns.values():
        found = find(column, remote, known=known)
        if found is not None and fits(column, found):
            chosen[column.name] = {"id": str(found["id"]), "type": str(found["type"]), "name": str(found["name"])}
    return chosen
