"""The door to connections and Notion for other apps. Every call runs in a tenant's context."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from apps.connectors import actions, budget, connections, outcomes, polling, selectors, sign_in
from apps.connectors.bot import cards, chats
from apps.connectors.bot.contracts import Card
from apps.connectors.clock import SYSTEM
from apps.connectors.contracts import (
    CallView,
    ConflictView,
    ConnectionUse,
    ConnectionView,
    Connector,
    NewEvents,
    PollReport,
    RateReading,
    RateRule,
    SchemaDiff,
)
from apps.connectors.models import BotChat
from apps.connectors.providers.notion import conflicts, inbox, jobs, outbox, schema
from apps.connectors.registries import connection_users, connectors
from apps.connectors.webhooks_out import publishing
from apps.connectors.webhooks_out.contracts import NewEvent
from apps.core.errors import PlatformError
from apps.core.reach import Reach

Json = Any


def publish_events(events: Sequence[NewEvent]) -> int:
    """Write down what happens, in the caller's transaction; endpoints and listeners are told after commit, in order per object.

    Returns how many somebody wants to know of; others are not kept. Raises ``NotFound`` for an unregistered type.
    """
    return publishing.publish(events)


def set_event_interest(*, subscriber: str, types: Sequence[str]) -> None:
    """Have events of these types kept for a listener; none ends its interest. Raises ``NotFound`` for an unknown type."""
    publishing.set_interest(subscriber=subscriber, types=types)


def catalogue() -> list[Connector]:
    """Every service that can be connected."""
    return sorted(connectors, key=lambda entry: str(entry.title).casefold())


def connect_notion(*, token: str, parent_page_id: str, name: str = "", base_url: str | None = None) -> ConnectionView:
    """Check a Notion integration token and keep it encrypted; a second call for the same account updates that connection.

    ``parent_page_id`` (id or page address) is the page under which databases are created; it must be shared with the
    integration. Makes network calls: not inside a transaction. Raises ``InvalidInput``, ``CredentialsRefused``,
    ``PlanLimitReached`` and the Unavailable family.
    """
    return connections.connect_notion(token=token, parent_page_id=parent_page_id, name=name, base_url=base_url)


def connect(*, connector: str, values: Mapping[str, str], name: str = "") -> ConnectionView:
    """Check what a person typed for any catalogued service (``values`` by the manifest's field names) and keep it encrypted.

    The address is the service's own, or the sandbox's in a local installation. A second call for the same account renews its
    credentials. Makes network calls. Raises what ``connect_notion`` raises, ``NotFound`` for an unknown connector.
    """
    manifest = connectors.get(connector)
    if manifest.slug == "notion":
        view = connect_notion(token=values.get("token", ""), parent_page_id=values.get("parent_page_id", ""), name=name)
        jobs.wake(view.id)
        return view
    return connections.connect(connector=connector, values=values, name=name)


def begin_sign_in(
    *,
    connector: str,
    user_id: int,
    session_key: str,
    redirect_uri: str,
    name: str = "",
    connection_id: UUID | None = None,
) -> str:
    """The address at the service to send the browser to; see ``sign_in.begin``."""
    return sign_in.begin(connector=connector, user_id=user_id, session_key=session_key, redirect_uri=redirect_uri, name=name,
                         connection_id=connection_id)  # fmt: skip


def finish_sign_in(*, state: str, code: str, error: str, user_id: int, session_key: str) -> ConnectionView:
    """The browser came back from the service; see ``sign_in.finish``."""
    return sign_in.finish(state=state, code=code, error=error, user_id=user_id, session_key=session_key)


def list_calls(connection_id: UUID, *, limit: int = 20) -> list[CallView]:
    """The latest calls through a connection."""
    return selectors.list_calls(connection_id=connection_id, limit=limit)


def list_uses(connection_id: UUID) -> list[ConnectionUse]:
    """What of the workspace works through a connection, as registered in ``connection_users``."""
    return [use for users in connection_users for use in users.list(connection_id)]


def list_chats(connection_id: UUID) -> list[BotChat]:
    """Chats linked to a Telegram connection, oldest first."""
    return list(BotChat.objects.filter(connection=connection_id).order_by("linked_at", "pk"))


def make_link_code(connection_id: UUID, *, user_id: int) -> str:
    """A one-time code with which this member links a chat; see ``bot.chats.make_code``."""
    return chats.make_code(connection_id=connection_id, user_id=user_id)


def unlink_chat(chat_id: UUID, *, user_id: int, may_manage: bool) -> BotChat:
    """Forget a chat; see ``bot.chats.unlink``."""
    return chats.unlink(chat_id=chat_id, user_id=user_id, may_manage=may_manage)


def offer_cards(*, user_ids: Sequence[int], make: Callable[[int, str], Card]) -> int:
    """Write cards with buttons to these members' own linked chats, in the caller's transaction; see ``bot.cards.offer``."""
    return cards.offer(user_ids=user_ids, make=make)


def revise_cards(*, kind: str, subject: str, write: Callable[[], str]) -> None:
    """Have the cards about something say what became of it and lose their buttons; see ``bot.cards.revise``."""
    cards.revise(kind=kind, subject=subject, write=write)


def poll_trigger(connection_id: UUID, *, trigger: str, settings: Mapping[str, Json], cursor: str) -> NewEvents:
    """Ask a polled trigger for what is new since ``cursor`` ("" marks the beginning). Takes one call from the rate budget.

    Makes network calls: not inside a transaction. Raises ``NotFound``, ``InvalidInput`` and the connector's coded errors; health is
    written down here.
    """
    return polling.poll(connection_id=connection_id, trigger=trigger, settings=settings, cursor=cursor)


def pause_connection(connection_id: UUID) -> ConnectionView:
    """Stop using a working connection; what is to be sent waits. A second call changes nothing. Raises ``NotFound``."""
    return connections.pause(connection_id=connection_id)


def resume_connection(connection_id: UUID) -> ConnectionView:
    """Use a paused connection again: what waited goes out at once, and what people edited meanwhile is read."""
    if connections.resume(connection_id=connection_id):
        jobs.wake(connection_id)
    return selectors.view_connection(connection_id=connection_id)


def rate_reading(connection: ConnectionView) -> RateReading:
    """How much of the account's request allowance is in use right now, by every process of the installation."""
    rule = connectors.get(connection.connector).rate
    key = f"{connection.connector}:{connection.base_url}:{connection.account_id}"
    calls = connection.calls_per_minute or rule.calls
    return budget.reading(key=key, rule=RateRule(calls=calls, window_s=rule.window_s), clock=SYSTEM)


def request_notion_setup(connection_id: UUID, *, shadow_columns: bool = False) -> None:
    """Have the workers do what ``notion_apply`` does; ``ConnectionView.setup_state`` says how it went. Raises ``NotFound``."""
    connections.get(connection_id)
    jobs.request_setup(connection_id, shadow_columns=shadow_columns)


def request_notion_poll(connection_id: UUID) -> None:
    """Have the workers read what people edited now instead of within the minute. Raises ``NotFound``."""
    connections.get(connection_id)
    jobs.request_poll(connection_id)


def test_connection(connection_id: UUID) -> ConnectionView:
    """Make the cheapest call and record what came of it; a working connection leaves "needs attention"."""
    return connections.check_connection(connection_id=connection_id)


test_connection.__test__ = False  # type: ignore[attr-defined]


def list_connections() -> list[ConnectionView]:
    """All connections of the tenant, oldest first, with health and counts."""
    return selectors.list_connections()


def get_connection(connection_id: UUID) -> ConnectionView:
    """One connection. Raises ``NotFound``."""
    return selectors.view_connection(connection_id=connection_id)


def disconnect(connection_id: UUID) -> None:
    """Forget the credentials and stop using the connection; nothing is deleted in the outside service."""
    sign_in.revoke(connections.get(connection_id))
    connections.disconnect(connection_id=connection_id)


def set_webhook_secret(connection_id: UUID, *, secret: str) -> ConnectionView:
    """Store the verification token of the connection's webhook subscription."""
    return connections.set_webhook_secret(connection_id=connection_id, secret=secret)


def notion_connected() -> bool:
    """Whether rows can be sent to Notion at all; without it the same rows live only in our tables."""
    return selectors.default_notion_connection_id() is not None


def notion_plan(connection_id: UUID) -> SchemaDiff:
    """What ``notion_apply`` would change; changes nothing."""
    return schema.sync(connection_id=connection_id, dry_run=True)


def notion_apply(connection_id: UUID, *, shadow_columns: bool = False) -> SchemaDiff:
    """Create, check and repair every declared database. Safe to repeat, to run in parallel and to kill.

    Nothing of the user's is deleted or converted. A column of another type is reported; ``shadow_columns`` adds one of the
    right type beside it. Raises ``SetupRunning`` when another process is at it.
    """
    return schema.sync(connection_id=connection_id, dry_run=False, shadow_columns=shadow_columns)


def notion_poll(connection_id: UUID, *, database_key: str | None = None) -> PollReport:
    """Fetch what people edited since the last poll and deliver it to each spec's ``on_change``."""
    return inbox.poll(connection_id=connection_id, database_key=database_key)


def notion_upsert(
    *,
    database_key: str,
    local_ref: str,
    values: Mapping[str, Json],
    page_id: str | None = None,
    based_on: Mapping[str, Json] | None = None,
) -> None:
    """Wish these values into the row ``local_ref`` of a database; sent soon after the caller's transaction commits.

    Repeated wishes coalesce per column, the latest wins. ``page_id`` links ``local_ref`` to a row a person made.
    ``based_on`` are the values the decision rests on (a ``PageChange.values``, say): a cell a person changed since then is
    not overwritten but becomes a conflict. Without a Notion connection this does nothing. Raises ``InvalidInput`` for an
    undeclared column or a value of the wrong type, ``NotFound`` for an unknown database.
    """
    outbox.upsert(database_key=database_key, local_ref=local_ref, values=values, page_id=page_id, based_on=based_on)


def notion_page_url(*, database_key: str, local_ref: str) -> str | None:
    """Address of the row, once it exists."""
    return selectors.page_url(database_key=database_key, local_ref=local_ref)


def list_conflicts(*, state: str | None = "open", limit: int = 200) -> Sequence[ConflictView]:
    """Cells both sides changed, newest first."""
    return selectors.list_conflicts(state=state, limit=limit)


def count_open_conflicts() -> int:
    """How many cells wait for a decision."""
    return selectors.count_open_conflicts()


def reverse_conflict(conflict_id: UUID, *, user_id: int | None = None) -> ConflictView:
    """Take the other value of a decided conflict after all. A cell edited meanwhile is not overwritten: it is in conflict again.

    Raises ``NotFound``, ``Conflict`` when it is open, obsolete, or decided too long ago to be undone.
    """
    return conflicts.reverse(conflict_id=conflict_id, user_id=user_id)


def resolve_conflict(conflict_id: UUID, choice: str, *, user_id: int | None = None) -> ConflictView:
    """End an open conflict: "ours" sends our value over theirs, "theirs" keeps theirs. A second call changes nothing."""
    return conflicts.resolve(conflict_id=conflict_id, choice=choice, user_id=user_id)


def prepare_action(
    *, connection_id: UUID | None, action: str, inputs: Mapping[str, Json], connector: str = ""
) -> dict[str, Json]:
    """Check inputs against the action's schema; the frozen request holds no secret. Raises ``InvalidInput``, ``NotFound``.

    ``connection_id`` None and ``connector`` are for actions that need no credentials (``Connector.needs_connection`` False).
    """
    return actions.prepare(connection_id=connection_id, action=action, inputs=inputs, connector=connector)


def reach_of(request: Mapping[str, Json]) -> Reach:
    """Whom and what a request made by ``prepare_action`` reaches; a write that does not say so counts as the riskiest sort."""
    return actions.reach_of(request)


def record_outcome(
    request: Mapping[str, Json], *, error: PlatformError | None = None, error_code: str = "", problem: str = "", ms: int = 0,
    retry_after: float | None = None,
) -> None:  # fmt: skip
    """Write down how a call of ``perform_action`` went: the connection's last calls, its health, and a pause the service asked for.

    Database only; to be called where the engine records a success (``settle``) or a failure (``abandon``).
    """
    outcomes.record(request, error=error, error_code=error_code, problem=problem, ms=ms, retry_after=retry_after)


def unlock_action(request: Mapping[str, Json]) -> object:
    """Credentials for the call and a place in the rate budget; reads the database. Raises ``RateLimited`` with retry_after."""
    return actions.unlock(request)


def perform_action(request: Mapping[str, Json], secrets: object, *, key: str, timeout_s: float) -> Mapping[str, Json]:
    """Make the call: network only, no database."""
    return actions.perform(request, secrets, key=key, timeout_s=timeout_s)


def find_action(
    request: Mapping[str, Json], secrets: object, *, key: str, timeout_s: float = 30
) -> Mapping[str, Json] | None:
    """After an unknown outcome: the result when the action happened, None when it did not. For "lookup" actions."""
    return actions.find(request, secrets, key=key, timeout_s=timeout_s)
