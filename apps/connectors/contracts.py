"""What other apps may know of connections, Notion databases and conflicts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.functional import Promise

from apps.connectors.enums import ActionEffect, AuthKind
from apps.connectors.providers.notion.specs import (
    DatabaseSpec,
    PageChange,
    PageRemoved,
    PropertySpec,
)
from apps.core.reach import Reach

__all__ = [
    "Action", "ActionCall", "ConflictView", "ConnectField", "ConnectionView", "Connector", "DatabaseSpec", "DatabaseView",
    "PageChange", "PageRemoved", "PollReport", "PropertySpec", "RateReading", "RateRule", "SchemaChange", "SchemaDiff", "Trigger",
]  # fmt: skip

Json = Any


@dataclass(frozen=True, kw_only=True)
class RateRule:
    """A service's allowance: ``calls`` within any ``window_s`` seconds, for one account on their side."""

    calls: int
    window_s: int = 60


@dataclass(frozen=True, kw_only=True)
class RateReading:
    """How much of an account's allowance is in use now. ``used`` of ``burst`` calls that may come at once; they come back at
    ``per_minute``. ``blocked_s`` > 0: the service asked for a pause of that many more seconds."""

    allowance: int
    per_minute: int
    burst: int
    used: int
    blocked_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class ConnectField:
    """One thing a person gives to connect a service. ``secret`` ones are never shown again."""

    name: str
    label: str | Promise
    help: str | Promise = ""
    required: bool = True
    secret: bool = False


@dataclass(frozen=True, kw_only=True)
class ActionCall:
    """All that one action needs once it may not touch the database: inputs, address, secret, key and deadline (seconds)."""

    inputs: Mapping[str, Json]
    base_url: str
    secret: str
    key: str
    timeout_s: float


@dataclass(frozen=True, kw_only=True)
class Action:
    """Something a connector can do. ``perform`` only uses the network; ``find`` (effect "lookup") says whether it happened.

    ``reach(inputs)`` says whom and what the rendered inputs reach; without it a write counts as unknown, the riskiest sort.
    ``sensitive`` names inputs that choose a recipient, url, amount or object (dotted path -> kind): what a model or a stranger
    wrote may not fill them unseen.
    """

    slug: str
    title: str | Promise
    effect: ActionEffect
    input_schema: Mapping[str, Json]
    output_schema: Mapping[str, Json]
    perform: Callable[[ActionCall], Mapping[str, Json]]
    find: Callable[[ActionCall], Mapping[str, Json] | None] | None = None
    calls: int = 1
    reach: Callable[[Mapping[str, Json]], Reach] | None = None
    sensitive: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """Something outside that can start work."""

    slug: str
    title: str
    output_schema: Mapping[str, Json]


@dataclass(frozen=True, kw_only=True)
class Connector:
    """The manifest of one outside service: the catalogue, the builder's palette and the docs are made from it.

    ``check(base_url, secret)`` makes the cheapest authenticated call and returns who we are there
    (``account_id``, ``account_name``); it raises the connector's coded errors. ``fields`` is what a person types to connect:
    the field ``token`` is the secret, ``parent_page_id`` the page everything is made under. ``help`` says where to find them.
    """

    slug: str
    title: str
    description: str | Promise
    auth: AuthKind
    base_url: str
    rate: RateRule
    check: Callable[[str, str], Mapping[str, str]]
    actions: tuple[Action, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    settings_schema: Mapping[str, Json] | None = None
    icon: str = "plug"
    fields: tuple[ConnectField, ...] = ()
    help: tuple[str | Promise, ...] = ()

    def action(self, slug: str) -> Action | None:
        """The action by that name, or None."""
        return next((action for action in self.actions if action.slug == slug), None)


@dataclass(frozen=True, kw_only=True)
class DatabaseView:
    """One Notion database of a connection and how its loop is doing."""

    key: str
    title: str
    url: str
    database_id: str
    polled_at: datetime | None
    problem: str
    rows: int


@dataclass(frozen=True, kw_only=True)
class ConnectionView:
    """A connection without its secret. ``health`` is "ok", "degraded" or "down"; ``problem`` a sentence for people or ""."""

    id: UUID
    connector: str
    name: str
    state: str
    account_name: str
    base_url: str
    parent_page_id: str
    health: str
    problem: str
    error_code: str
    last_ok_at: datetime | None
    expires_at: datetime | None
    webhook_path: str
    databases: tuple[DatabaseView, ...] = ()
    pending_pushes: int = 0
    problem_pages: int = 0
    open_conflicts: int = 0
    account_id: str = ""
    calls_per_minute: int = 0
    failures: int = 0
    paused_until: datetime | None = None
    failed_at: datetime | None = None
    created_at: datetime | None = None
    expires_soon: bool = False
    has_webhook_secret: bool = False
    setup_state: str = ""
    """"" never asked for, "running", "failed" or "done"; ``setup_problem`` says why it failed."""
    setup_problem: str = ""
    polled_at: datetime | None = None
    """When every polled database was last read: the oldest of them."""


@dataclass(frozen=True, kw_only=True)
class SchemaChange:
    """One difference. ``applied`` False in a dry run, and for what needs a person (``blocked``)."""

    database_key: str
    action: str
    subject: str = ""
    detail: str = ""
    applied: bool = False
    blocked: bool = False


@dataclass(frozen=True, kw_only=True)
class SchemaDiff:
    """All differences of one connection, in the order they are or would be applied."""

    changes: tuple[SchemaChange, ...]
    checked: int
    dry_run: bool

    @property
    def clean(self) -> bool:
        """Nothing left to do; renamed columns are fine because they are followed by id."""
        return all(change.applied or change.action == "renamed" for change in self.changes)


@dataclass(frozen=True, kw_only=True)
class PollReport:
    """What one poll did. ``skipped`` lists databases another worker was polling."""

    databases: int = 0
    calls: int = 0
    rows: int = 0
    delivered: int = 0
    removed: int = 0
    failed: int = 0
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ConflictView:
    """One cell both sides changed: nothing was overwritten until somebody chooses."""

    id: UUID
    database_key: str
    page_id: str
    page_url: str
    local_ref: str
    property: str
    ours: Json
    theirs: Json
    base: Json
    state: str
    created_at: datetime
    database_title: str = ""
    resolved_at: datetime | None = None
    resolved_by: int | None = None
