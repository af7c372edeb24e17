"""From Notion to us: every minute, what people edited; every hour, every row.

A poll asks for rows edited since ``polled_from``, which trails the last complete poll by the time an edit may stay invisible to
queries. Rows come again and again in that overlap; the fingerprint makes them news only once.
"""

import logging
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db.models import Q

from apps.connectors.clock import SYSTEM, Clock
from apps.connectors.conf import timing
from apps.connectors.contracts import PollReport
from apps.connectors.enums import PageState
from apps.connectors.errors import (
    DatabaseMissing,
    RemoteNotFound,
    SchemaDrift,
    WindowTooDense,
)
from apps.connectors.models import NotionDatabase, NotionPage
from apps.connectors.providers.notion import outbox, windows
from apps.connectors.providers.notion.delivery import Taker
from apps.connectors.providers.notion.session import open_connection, specs_of, talking
from apps.core.errors import PlatformError

logger = logging.getLogger(__name__)
CHECKS_PER_POLL = 25
SWEEP_CHECKS = 200
PASSES = 5
SWEEP_ROWS_PER_S = 10
"""100 rows a call, a twentieth of the two calls a second the budget allows."""


def poll(*, connection_id: UUID, database_key: str | None = None, clock: Clock = SYSTEM) -> PollReport:
    """Read every polled database of a connection once, then hand waiting pushes to the workers.

    Databases another worker is reading are skipped. A database that fails by itself (missing, too dense) is written down and
    the others go on; a failure of the connection ends the poll and is raised.
    """
    connection = open_connection(connection_id)
    totals = {"rows": 0, "delivered": 0, "removed": 0, "failed": 0}
    skipped, polled = [], 0
    with talking(connection, clock=clock) as client:
        for spec, database in specs_of(connection, only=database_key):
            if not spec.poll:
                continue
            taker = Taker(spec=spec, database=database, client=client, clock=clock)
            if _poll_database(taker):
                polled += 1
            else:
                skipped.append(spec.key)
            for name in totals:
                totals[name] += getattr(taker, name)
        calls = client.calls
    outbox.requeue_due(connection_id=connection_id, clock=clock)
    return PollReport(databases=polled, calls=calls, skipped=tuple(skipped), **totals)


def _poll_database(taker: Taker) -> bool:
    """False when another worker holds the database."""
    lease = Lease(taker.database, taker.clock)
    if not lease.take():
        return False
    try:
        taker.database.refresh_from_db()
        _check_due(taker)
        if _needs_sweep(taker.database, taker.clock.now()):
            _sweep(taker, lease)
        else:
            _read_edits(taker, lease)
        _note(taker, None)
    except (DatabaseMissing, WindowTooDense) as error:
        _note(taker, error)
    except RemoteNotFound as error:
        _note(taker, DatabaseMissing(detail=str(error), title=taker.spec.title))
    finally:
        lease.give_back()
    return True


def _read_edits(taker: Taker, lease: "Lease") -> None:
    """One poll: everything edited since ``polled_from``.

    Rows move while they are listed (an edited row goes to the end), so a long gap is read until a pass brings nothing older
    than the overlap; younger rows come again with the next poll anyway.
    """
    database, figures = taker.database, timing()
    since = database.polled_from
    for _pass in range(PASSES):
        old_news = _Watermark()
        taker.on_delivered = old_news.note
        started = _list(taker, lease, stamp="last_edited_time", since=since)
        horizon = _minute(started - timedelta(seconds=figures.visibility_lag_s))
        if (
            since is None
            or horizon - since <= timedelta(seconds=figures.visibility_lag_s)
            or not old_news.before(horizon)
        ):
            break
    _advance(database, horizon=horizon, now=taker.clock.now())


def _sweep(taker: Taker, lease: "Lease") -> None:
    """List every row, then ask after the known ones that were not among them."""
    database = taker.database
    listed: set[str] = set()
    started = _list(taker, lease, stamp="created_time", since=None, listed=listed)
    horizon = _minute(started - timedelta(seconds=timing().visibility_lag_s))
    unseen = NotionPage.objects.filter(Q(last_edited_at__lt=horizon) | Q(last_edited_at__isnull=True),
                                       database=database, state=PageState.LIVE)  # fmt: skip
    missing = [page for page in unseen.order_by("pk").iterator() if page.page_id not in listed]
    for page in missing[:SWEEP_CHECKS]:
        lease.extend()
        taker.check(page)
    NotionDatabase.objects.filter(pk=database.pk).update(swept_at=taker.clock.now())
    _advance(database, horizon=horizon, now=taker.clock.now())


def _list(
    taker: Taker, lease: "Lease", *, stamp: windows.Stamp, since: datetime | None, listed: set[str] | None = None
) -> datetime:
    """Take all rows since; returns Notion's time of the first answer."""
    started: datetime | None = None
    for payloads in windows.pages(taker.client, taker.database.data_source_id, stamp=stamp, since=since):
        started = started or taker.client.server_now or taker.clock.now()
        lease.extend()
        if listed is not None:
            listed.update(str(payload.get("id")) for payload in payloads)
        taker.take_all(payloads)
    return started or taker.clock.now()


def _check_due(taker: Taker) -> None:
    """Fetch rows that asked for it: failed deliveries whose time has come, and hints."""
    due = NotionPage.objects.filter(database=taker.database, check_at__lte=taker.clock.now()).order_by("check_at")
    for page in due[:CHECKS_PER_POLL]:
        taker.check(page)


def _needs_sweep(database: NotionDatabase, now: datetime) -> bool:
    """Never read before, or an hour ago; large databases less often, so that sweeps stay below a twentieth of the budget."""
    if database.swept_at is None or database.polled_from is None:
        return True
    rows = (
        database.pages.filter(state=PageState.LIVE).count()
        if (now - database.swept_at).total_seconds() >= timing().sweep_s
        else 0
    )
    interval = max(timing().sweep_s, rows / SWEEP_ROWS_PER_S)
    return bool(rows or database.pages.exists()) and (now - database.swept_at).total_seconds() >= interval


def _advance(database: NotionDatabase, *, horizon: datetime, now: datetime) -> None:
    changes: dict[str, datetime] = {"polled_at": now}
    if database.polled_from is None or horizon > database.polled_from:
        changes["polled_from"] = horizon
    NotionDatabase.objects.filter(pk=database.pk).update(**changes)
    database.polled_from = changes.get("polled_from", database.polled_from)


def _note(taker: Taker, error: PlatformError | None) -> None:
    """Write down what is wrong with the database as a whole."""
    if error is None and taker.rows and taker.absent:
        error = SchemaDrift(title=taker.spec.title, columns=", ".join(sorted(taker.absent)))
    if error is None and not taker.rows and taker.database.error_code == SchemaDrift.code:
        return
    code, problem = (error.code, error.text) if error else ("", "")
    if (code, problem) != (taker.database.error_code, taker.database.problem):
        NotionDatabase.objects.filter(pk=taker.database.pk).update(error_code=code, problem=problem)
        logger.warning(
            "notion database state", extra={"database": taker.spec.key, "error_code": code, "problem": problem}
        )


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


class _Watermark:
    """The oldest stamp of a row delivered in one pass."""

    def __init__(self) -> None:
        self.oldest: datetime | None = None

    def note(self, row: object) -> None:
        """Remember the row's stamp."""
        stamp = row.last_edited_at  # type: ignore[attr-defined]
        self.oldest = stamp if self.oldest is None else min(self.oldest, stamp)

    def before(self, moment: datetime) -> bool:
        """Whether anything older than ``moment`` was delivered."""
        return self.oldest is not None and self.oldest < moment


class Lease:
    """One worker at a time reads a database. Losing it costs nothing but work done twice: deliveries are exact anyway."""

    def __init__(self, database: NotionDatabase, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._owner = uuid4()

    def take(self) -> bool:
        """True when it was free."""
        now = self._clock.now()
        free = Q(lease_until__isnull=True) | Q(lease_until__lte=now)
        until = now + timedelta(seconds=timing().lease_s)
        return (
            NotionDatabase.objects.filter(free, pk=self._database.pk).update(lease_owner=self._owner, lease_until=until)
            == 1
        )

    def extend(self) -> None:
        """Keep it while work goes on."""
        until = self._clock.now() + timedelta(seconds=timing().lease_s)
        NotionDatabase.objects.filter(pk=self._database.pk, lease_owner=self._owner).update(lease_until=until)

    def give_back(self) -> None:
        """Let the next one in."""
        NotionDatabase.objects.filter(pk=self._database.pk, lease_owner=self._owner).update(
            lease_owner=None, lease_until=None
        )
