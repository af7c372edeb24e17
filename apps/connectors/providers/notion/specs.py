"""How an app declares a Notion database: its columns, who writes which, and what to do when a person edits a row."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Literal
from uuid import UUID

Json = Any
Direction = Literal["in", "out", "both"]

PROPERTY_TYPES = frozenset({
    "title", "rich_text", "number", "select", "multi_select", "status", "date", "checkbox", "url", "email", "phone_number",
    "people", "files", "relation", "created_time", "last_edited_time", "unique_id",
})  # fmt: skip
READ_ONLY_TYPES = frozenset({"created_time", "last_edited_time", "unique_id"})
OPTION_TYPES = frozenset({"select", "multi_select", "status"})


@dataclass(frozen=True, kw_only=True)
class PropertySpec:
    """One column. ``direction``: "in" people write it, "out" we write it, "both" either side (the row's trigger, say).

    Only "in" and "both" columns make an edit count as a change. ``number_format`` is Notion's ("number", "dollar",
    "percent"; percent holds a fraction, 0.25 shows as 25 %). ``relation_to`` names the other database's key.

    Python values by type: title, rich_text -> str; number -> int | float | None; select, status -> str | None; multi_select,
    people, relation -> list[str]; date -> ISO 8601 text ("2026-11-21", "2026-11-21T10:00:00+00:00", "start/end") | None;
    checkbox -> bool; url, email, phone_number -> str | None; files -> list[{"name", "url"}]; unique_id -> "ABC-7".
    """

    name: str
    type: str
    options: tuple[str, ...] = ()
    number_format: str = "number"
    direction: Direction = "out"
    relation_to: str = ""
    description: str = ""

    def __post_init__(self) -> None:
        if self.type not in PROPERTY_TYPES:
            raise ValueError(f"{self.name!r}: {self.type!r} is not a Notion property type this product writes")
        if self.options and self.type not in OPTION_TYPES:
            raise ValueError(f"{self.name!r}: only select, multi_select and status take options")
        if (self.type == "relation") != bool(self.relation_to):
            raise ValueError(f"{self.name!r}: a relation names the database it leads to, nothing else does")

    @property
    def writable(self) -> bool:
        """Whether a value may be sent at all."""
        return self.type not in READ_ONLY_TYPES

    @property
    def inbound(self) -> bool:
        """Whether a person's edit of this column is news to the app."""
        return self.direction != "out"


@dataclass(frozen=True, kw_only=True)
class PageChange:
    """A person's edit of one row, handed to ``on_change`` once, inside the transaction that also records it as seen.

    ``values`` holds every declared column by its declared name (even when the person renamed it), ``changed`` the inbound
    columns that differ from what the app was told before (all of them for a row new to us). ``version`` counts deliveries
    of this row from 1. ``local_ref`` is our reference when the row was linked by ``notion_upsert``, else "".
    """

    connection_id: UUID
    database_key: str
    page_id: str
    url: str
    values: Mapping[str, Json]
    changed: frozenset[str]
    last_edited_at: datetime
    version: int
    local_ref: str = ""


@dataclass(frozen=True, kw_only=True)
class PageRemoved:
    """A row left the database: ``reason`` is "trashed", "moved" or "gone" (deleted or no longer shared with us)."""

    connection_id: UUID
    database_key: str
    page_id: str
    local_ref: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class DatabaseSpec:
    """One database. ``key`` is ours and stable; ``env_name`` names the variable that may point at an existing one.

    ``on_change(change)`` and ``on_removed(removed)`` run in the tenant's context inside a transaction: no network calls, any
    error rolls the row's delivery back and it is offered again later. ``poll`` False: we only write to this database.
    ``reference`` is the column that carries our ``local_ref``; it is added to every database and is how a row is found again
    after a create whose outcome is unknown. ``note`` names a declared rich_text column in which conflicts are shown to the
    person at the row ("" = only in our own pages).
    """

    key: str
    title: str
    env_name: str
    properties: tuple[PropertySpec, ...]
    description: str = ""
    on_change: Callable[[PageChange], None] | None = None
    on_removed: Callable[[PageRemoved], None] | None = None
    poll: bool = False
    reference: str = "EchoPilot ID"
    note: str = ""
    position: int = field(default=100, compare=False)

    def __post_init__(self) -> None:
        names = [prop.name for prop in self.properties]
        if sum(prop.type == "title" for prop in self.properties) != 1:
            raise ValueError(f"{self.key}: exactly one title property is needed")
        if len(set(names)) != len(names) or self.reference in names:
            raise ValueError(f"{self.key}: property names must be unique and {self.reference!r} is reserved")
        if self.note and not any(p.name == self.note and p.type == "rich_text" for p in self.properties):
            raise ValueError(f"{self.key}: note must name a declared rich_text property")
        if self.poll and self.on_change is None:
            raise ValueError(f"{self.key}: a polled database needs on_change")

    @cached_property
    def columns(self) -> Mapping[str, PropertySpec]:
        """All columns by name, our reference column included."""
        own = PropertySpec(
            name=self.reference, type="rich_text", description="Reference to the record in EchoPilot. Leave as it is."
        )
        return {prop.name: prop for prop in (*self.properties, own)}

    @property
    def title_name(self) -> str:
        """Name of the title column."""
        return next(prop.name for prop in self.properties if prop.type == "title")

    @property
    def inbound(self) -> tuple[str, ...]:
        """Names of the columns whose edits are news, in declared order."""
        return tuple(prop.name for prop in self.properties if prop.inbound)
