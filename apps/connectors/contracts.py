"""What other apps may know of connections, Notion databases and conflicts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.functional import Promise

from apps.connectors.bot.contracts import Card, CardButton, CardKind, CardPress
from apps.connectors.enums import ActionEffect, AuthKind, Category
from apps.connectors.providers.notion.specs import (
    DatabaseSpec,
    PageChange,
    PageRemoved,
    PropertySpec,
)
from apps.connectors.webhooks_out import contracts as events
from apps.connectors.wire import Wire
from apps.core.reach import Reach

__all__ = [
    "Action", "ActionCall", "CallView", "Card", "CardButton", "CardKind", "CardPress", "ConflictView", "ConnectField",
    "ConnectionUse", "ConnectionView", "Connector", "DatabaseSpec", "DatabaseView", "NewEvents", "OAuth", "PageChange",
    "PageRemoved", "PollReport", "PropertySpec", "RateReading", "RateRule", "SchemaChange", "SchemaDiff", "Trigger",
]  # fmt: skip

Json = Any


@dataclass(frozen=True, kw_only=True)
class RateRule:
    """A service's allowance: ``calls`` within any ``window_s`` seconds, for one account on their side."""

    calls: int
    window_s: int = 60


@dataclass(frozen=True, kw_only=True)
class RateReading:
    """How much of an account's allowance (``allowance`` calls in ``window_s`` seconds) is in use now.

    ``used`` of ``burst`` calls that may come at once; they come back at ``per_minute``. ``blocked_s`` > 0: the service asked for a
    pause of that many more seconds.
    """

    allowance: int
    per_minute: int
    burst: int
    used: int
    blocked_s: float = 0.0
    window_s: int = 60


@dataclass(frozen=True, kw_only=True)
class ConnectField:
    """One thing a person gives to connect a service. ``secret`` ones are never shown again; ``choices`` makes it a list.

    A field named ``base_url`` is the address of the person's own server: it is checked like every address a person types.
    """

    name: str
    label: str | Promise
    help: str | Promise = ""
    required: bool = True
    secret: bool = False
    default: str = ""
    choices: tuple[tuple[str, str | Promise], ...] = ()


@dataclass(frozen=True, kw_only=True)
class OAuth:
    """How a service signs people in (RFC 6749 code flow with PKCE, RFC 7636).

    The client is the operator's: ``CONNECTOR_<CLIENT>_CLIENT_ID`` and ``..._CLIENT_SECRET`` in the environment, so services of one
    vendor share one. ``auth`` is the token endpoint's client authentication. ``extra`` goes into the authorization address.
    ``token`` picks the token out of an unusual answer; ``register_at`` is where the operator registers the client.
    """

    client: str
    authorize_url: str
    token_url: str
    scopes: tuple[str, ...]
    register_at: str
    revoke_url: str = ""
    auth: str = "client_secret_post"
    pkce: bool = True
    scope_separator: str = " "
    extra: Mapping[str, str] = field(default_factory=dict)
    token: Callable[[Mapping[str, Json]], Mapping[str, Json]] | None = None


@dataclass(frozen=True, kw_only=True)
class ActionCall:
    """All that one action needs once it may not touch the database: inputs, address, credentials, key and deadline (seconds).

    ``wire`` is the only way out: SDKs are given an adapter around it. ``operator``: the operator set the address.
    """

    inputs: Mapping[str, Json]
    base_url: str
    key: str
    timeout_s: float
    wire: Wire
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    operator: bool = False

    @property
    def secret(self) -> str:
        """The token, of services that have one."""
        return self.credentials.get("token", "")


@dataclass(frozen=True, kw_only=True)
class Action:
    """Something a connector can do. ``perform`` only uses the network; ``find`` (effect "lookup") says whether it happened.

    ``reach(inputs)`` says whom and what the rendered inputs reach; without it a write counts as unknown, the riskiest sort.
    ``sensitive`` names inputs that choose a recipient, url, amount or object (dotted path -> kind): what a model or a stranger
    wrote may not fill them unseen. ``calls`` is what it takes from the rate budget. Titles and descriptions inside the schemas
    are English and marked for translation; ``translated_schema`` puts them into the reader's language.
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
    description: str | Promise = ""


@dataclass(frozen=True, kw_only=True)
class NewEvents:
    """What a polled trigger found: ``events`` oldest first, each with an ``id`` that is the same in every poll that finds it, and
    the ``cursor`` for the next poll. The first poll (empty cursor) finds nothing: it only marks where to begin."""

    events: tuple[Mapping[str, Json], ...]
    cursor: str


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """Something outside that can start work. With ``poll`` it is asked every ``every_s`` seconds: ``poll(call, cursor)``."""

    slug: str
    title: str | Promise
    output_schema: Mapping[str, Json]
    description: str | Promise = ""
    input_schema: Mapping[str, Json] = field(default_factory=lambda: {"type": "object", "properties": {}})
    poll: Callable[[ActionCall, str], NewEvents] | None = None
    every_s: int = 60


@dataclass(frozen=True, kw_only=True)
class Connector:
    """The manifest of one outside service: the catalogue, the builder's palette and the docs are made from it.

    ``check(call)`` makes the cheapest authenticated call and returns who we are there (``account_id``, ``account_name``, and where
    known ``scopes``, ``expires_at``); it raises the connector's coded errors. ``fields`` is what a person types to connect: one
    field ``token``, or several that are kept together; ``help`` says where to find them. ``oauth`` adds sign-in with the service.
    ``needs_connection`` False: its actions also work without any credentials. ``explain`` reads failures out of answers.
    """

    slug: str
    title: str | Promise
    description: str | Promise
    auth: AuthKind
    base_url: str
    rate: RateRule
    check: Callable[[ActionCall], Mapping[str, str]]
    actions: tuple[Action, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    settings_schema: Mapping[str, Json] | None = None
    icon: str = "plug"
    fields: tuple[ConnectField, ...] = ()
    help: tuple[str | Promise, ...] = ()
    category: Category = Category.DATA
    oauth: OAuth | None = None
    needs_connection: bool = True
    explain: Callable[..., Any] | None = None

    def action(self, slug: str) -> Action | None:
        """The action by that name, or None."""
        return next((action for action in self.actions if action.slug == slug), None)

    def trigger(self, slug: str) -> Trigger | None:
        """The trigger by that name, or None."""
        return next((trigger for trigger in self.triggers if trigger.slug == slug), None)


@dataclass(frozen=True, kw_only=True)
class CallView:
    """One call made through a connection: ``outcome`` is "ok" or the code of what went wrong."""

    action: str
    title: str
    outcome: str
    problem: str
    ms: int
    at: datetime


@dataclass(frozen=True, kw_only=True)
class ConnectionUse:
    """Something of the workspace that works through a connection; told by whoever registers in ``connection_users``."""

    title: str
    url: str
    detail: str = ""
    icon: str = "workflow"


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
    auth: str = "token"
    scopes: tuple[str, ...] = ()
    signs_in: bool = False
    """Whether it was connected by sign-in with the service; ``expires_at`` is then left to the renewal."""


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


# Events of the workspace, see webhooks_out.
EventListener = events.EventListener
EventType = events.EventType
HeardEvent = events.HeardEvent
NewEvent = events.NewEvent
