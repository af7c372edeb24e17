"""Reads of connections, databases, pages and conflicts."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.connectors.conf import timing
from apps.connectors.contracts import CallView, ConflictView, ConnectionView, DatabaseView
from apps.connectors.enums import AuthKind, ConflictState, ConnectionState, PageState, SyncState
from apps.connectors.errors import ConnectionUnknown
from apps.connectors.models import Connection, ConnectorCall, NotionConflict, NotionPage, NotionPush
from apps.connectors.registries import connectors

MAX_LISTED = 1000


def list_connections() -> list[ConnectionView]:
    """All of them, oldest first, in a fixed number of queries."""
    return _views(Connection.objects.order_by("created_at", "pk"))


def view_connection(*, connection_id: UUID) -> ConnectionView:
    """One. Raises ``ConnectionUnknown``."""
    views = _views(Connection.objects.filter(pk=connection_id))
    if not views:
        raise ConnectionUnknown
    return views[0]


def default_notion_connection_id() -> UUID | None:
    """Where rows without a page go: the oldest Notion connection that is not switched off."""
    usable = Connection.objects.filter(connector="notion").exclude(state=ConnectionState.DISABLED)
    return usable.order_by("created_at", "pk").values_list("pk", flat=True).first()


def page_url(*, database_key: str, local_ref: str) -> str | None:
    """Address of the row that carries our reference."""
    linked = NotionPush.objects.filter(database_key=database_key, local_ref=local_ref, page__isnull=False)
    return linked.values_list("page__url", flat=True).first()


def list_conflicts(*, state: str | None = ConflictState.OPEN, limit: int = 200) -> list[ConflictView]:
    """Newest first; ``state`` None lists all."""
    rows = NotionConflict.objects.select_related("page__database").order_by("-created_at", "-pk")
    if state is not None:
        rows = rows.filter(state=state)
    return [view_conflict(row) for row in rows[: max(1, min(limit, MAX_LISTED))]]


def list_decided_conflicts(*, limit: int) -> list[ConflictView]:
    """Those a person decided, latest decision first."""
    rows = NotionConflict.objects.filter(state__in=(ConflictState.KEPT_OURS, ConflictState.KEPT_THEIRS))
    chosen = rows.select_related("page__database").order_by("-resolved_at", "-pk")
    return [view_conflict(row) for row in chosen[: max(1, min(limit, MAX_LISTED))]]


def count_open_conflicts() -> int:
    """How many cells wait for a person."""
    return NotionConflict.objects.filter(state=ConflictState.OPEN).count()


def list_troubled(*, limit: int) -> list[Connection]:
    """Connections that need a person: refused credentials, or credentials that end soon. Those in trouble first."""
    soon = timezone.now() + timedelta(days=timing().expiry_warning_days)
    rows = Connection.objects.filter(
        Q(state=ConnectionState.ATTENTION) | Q(state=ConnectionState.ACTIVE, expires_at__lt=soon)
    )
    return list(rows.order_by("-state", "created_at")[:limit])


def list_calls(*, connection_id: UUID, limit: int) -> list[CallView]:
    """Latest first."""
    rows = (
        ConnectorCall.objects.filter(connection=connection_id)
        .select_related("connection")
        .order_by("-at", "-pk")[:limit]
    )
    return [CallView(action=row.action, title=_call_title(row), outcome=row.outcome, problem=row.problem, ms=row.ms, at=row.at)
            for row in rows]  # fmt: skip


def _call_title(row: ConnectorCall) -> str:
    manifest = connectors.get(row.connection.connector)
    known: dict[str, str | Promise] = {"check": _("Test call"), "renew": _("Sign-in renewed")}
    found = manifest.action(row.action) or manifest.trigger(row.action)
    return str(found.title if found else known.get(row.action, row.action))


def view_conflict(row: NotionConflict) -> ConflictView:
    """One conflict as others see it."""
    return ConflictView(
        id=row.pk, database_key=row.page.database.key, page_id=row.page.page_id, page_url=row.page.url,
        local_ref=row.page.local_ref, property=row.property, ours=row.ours, theirs=row.theirs, base=row.base,
        state=row.state, created_at=row.created_at, database_title=row.page.database.title, resolved_at=row.resolved_at,
        resolved_by=row.resolved_by,
    )  # fmt: skip


def _views(rows: Iterable[Connection]) -> list[ConnectionView]:
    connections = list(rows.prefetch_related("databases"))  # type: ignore[attr-defined]
    ids = [row.pk for row in connections]
    pages = NotionPage.objects.filter(database__connection__in=ids).values("database_id").annotate(
        live=Count("pk", filter=Q(state=PageState.LIVE)), checks=Count("pk", filter=Q(check_failures__gt=0)))  # fmt: skip
    by_database = {row["database_id"]: row for row in pages}
    pending = dict(
        NotionPush.objects.filter(connection__in=ids, state=SyncState.PENDING)
        .values_list("connection")
        .annotate(Count("pk"))
    )
    conflicts = dict(NotionConflict.objects.filter(page__database__connection__in=ids, state=ConflictState.OPEN)
                     .values_list("page__database__connection").annotate(Count("pk")))  # fmt: skip
    return [_view(row, by_database, pending.get(row.pk, 0), conflicts.get(row.pk, 0)) for row in connections]


def _view(
    row: Connection, by_database: Mapping[UUID, Mapping[str, Any]], pending: int, conflicts: int
) -> ConnectionView:
    blank = {"live": 0, "checks": 0}
    databases = sorted(row.databases.all(), key=lambda database: database.key)
    views = tuple(
        DatabaseView(key=database.key, title=database.title, url=database.url, database_id=database.database_id,
                     polled_at=database.polled_at, problem=database.problem, rows=by_database.get(database.pk, blank)["live"])
        for database in databases
    )  # fmt: skip
    polled = [database.polled_at for database in databases if database.polled_at]
    problem = row.problem or next((database.problem for database in databases if database.problem), "")
    return ConnectionView(
        id=row.pk, connector=row.connector, name=row.name, state=row.state, account_name=row.account_name, base_url=row.base_url,
        parent_page_id=row.parent_page_id, health=_health(row, problem), problem=problem,
        error_code=row.error_code or next((database.error_code for database in databases if database.error_code), ""),
        last_ok_at=row.last_ok_at, expires_at=row.expires_at, webhook_path=_webhook_path(row),
        databases=views, pending_pushes=pending, open_conflicts=conflicts,
        problem_pages=sum(by_database.get(database.pk, blank)["checks"] for database in databases),
        account_id=row.account_id, calls_per_minute=row.calls_per_minute, failures=row.failures, paused_until=row.paused_until,
        failed_at=row.failed_at, created_at=row.created_at, expires_soon=_expires_soon(row),
        has_webhook_secret=bool(row.webhook_secret), setup_state=_setup_state(row), setup_problem=row.setup_problem,
        polled_at=min(polled, default=None), auth=row.auth, scopes=tuple(row.scopes.split()), signs_in=row.auth == AuthKind.OAUTH,
    )  # fmt: skip


def _expires_soon(row: Connection) -> bool:
    soon = timezone.now() + timedelta(days=timing().expiry_warning_days)
    return row.expires_at is not None and row.expires_at < soon


def _setup_state(row: Connection) -> str:
    if row.setup_asked_at is None:
        return ""
    if row.setup_done_at is None or row.setup_done_at < row.setup_asked_at:
        return "running"
    return "failed" if row.setup_problem else "done"


def _health(row: Connection, problem: str) -> str:
    if row.state == ConnectionState.PAUSED:
        return "paused"
    if row.state != ConnectionState.ACTIVE or row.failures >= timing().breaker_failures:
        return "down"
    return "degraded" if problem or row.failures or _expires_soon(row) else "ok"


def _webhook_path(row: Connection) -> str:
    return f"/hooks/{'slack' if row.connector == 'slack' else 'notion'}/{row.webhook_key}/"
