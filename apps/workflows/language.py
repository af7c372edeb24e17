"""What other apps may know of workflows as documents: versions, differences, step types, secrets. Part of ``contracts``."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

Json = Any


@dataclass(frozen=True, kw_only=True)
class VersionView:
    """One published version. ``current``: new runs start with it. ``runs`` of it there are, ``live`` ones still go."""

    id: UUID
    number: int
    definition: Mapping[str, Json]
    content_hash: str
    note: str
    created_by: int | None
    published_at: datetime
    current: bool
    runs: int = 0
    live: int = 0


@dataclass(frozen=True, kw_only=True)
class VersionChangeView:
    """When a version became the current one. ``kind`` is "published" or "rolled_back"; ``previous`` the number before, or None."""

    number: int
    previous: int | None
    kind: str
    user_id: int | None
    note: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class DiffLine:
    """One difference in words. ``kind`` is "added", "removed" or "changed"; ``area`` "step", "setting", "trigger" or "workflow".

    ``name`` is the step's or trigger's id, ``field`` a dotted path inside it, ``before`` and ``after`` its
    values (None when absent).
    """

    kind: str
    area: str
    name: str
    field: str
    before: Json
    after: Json
    text: str


@dataclass(frozen=True, kw_only=True)
class VersionDiff:
    """What lies between two definitions. ``marks`` names every touched step for the canvas ("added", "removed", "changed"),
    ``edges`` every way that came or went as (from, field, to, "added" or "removed")."""

    lines: tuple[DiffLine, ...]
    marks: Mapping[str, str]
    edges: tuple[tuple[str, str, str, str], ...]

    @property
    def same(self) -> bool:
        """Nothing differs but, perhaps, the layout."""
        return not self.lines


@dataclass(frozen=True, kw_only=True)
class WorkflowView:
    """A workflow by name. ``current`` is the number of the version new runs start with, None before the first is published."""

    id: UUID
    slug: str
    name: str
    description: str
    current: int | None
    definition: Mapping[str, Json] | None
    archived: bool
    created_by: int | None
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class StepDescription:
    """One entry of the palette. ``effect`` is "control" for steps the state machine answers itself; ``sensitive`` maps settings
    that choose a recipient, url, amount or object to their kind; ``fields`` are the names a control step has outside ``with``."""

    type: str
    title: str
    category: str
    description: str
    icon: str
    effect: str
    effect_label: str
    config_schema: Mapping[str, Json]
    output_schema: Mapping[str, Json]
    sensitive: Mapping[str, str]
    timeout_s: float
    max_attempts: int
    untrusted: bool
    handles_dry_run: bool
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SecretUse:
    """A workflow that names a secret: in its current version (``published``), in its ``draft``, in versions of ``live_runs``."""

    slug: str
    workflow: str
    published: bool
    draft: bool
    live_runs: int

    @property
    def holds(self) -> bool:
        """Whether the secret cannot be deleted because of it."""
        return self.published or self.live_runs > 0


@dataclass(frozen=True, kw_only=True)
class SecretView:
    """A secret without its value. ``used_at`` is when a call last opened it, to the minute."""

    id: UUID
    name: str
    note: str
    created_by: int | None
    created_at: datetime
    replaced_at: datetime | None
    replaced_by: int | None
    used_at: datetime | None
    uses: tuple[SecretUse, ...] = ()

    @property
    def is_held(self) -> bool:
        """Whether a workflow keeps it from being deleted."""
        return any(use.holds for use in self.uses)


@dataclass(frozen=True, kw_only=True)
class SecretChangeView:
    """An entry of the record. ``kind`` is "added", "replaced" or "deleted"."""

    name: str
    kind: str
    user_id: int | None
    at: datetime
