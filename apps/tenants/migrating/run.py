"""Brings every tenant to the present migrations.

The first tenant of each group of equals is the reference: each migration's SQL is collected there, right before it runs
there, so that looked-up names are the real ones. The others get the same text, several at a time, each migration in a
transaction of its own together with its row in ``django_migrations``. A run that is killed loses nothing; the next one
goes on with what is missing. Two runs at once share the work: an advisory lock per schema and a second look inside it.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from django.db import OperationalError, connection, connections, transaction

from apps.core.errors import InvalidInput
from apps.tenants.context import host_context, public_context
from apps.tenants.contracts import TenantRef
from apps.tenants.migrating.apply import collect, record, run_in_current_schema
from apps.tenants.migrating.graph import Key, Planned
from apps.tenants.migrating.status import Group, list_groups, note_ended, note_started

logger = logging.getLogger(__name__)

LOCK_SPACE = 7_340_032
LOCK_TIMEOUT = "5s"
TRIES = 4
REFERENCE_TRIES = 3


@dataclass(frozen=True, kw_only=True)
class Step:
    """A migration and, when it is the same for everybody, its SQL."""

    planned: Planned
    statements: tuple[str, ...] | None


@dataclass
class Report:
    """What a run did. ``failed`` maps slugs to the error; ``untried`` were left alone after a canary failed."""

    total: int = 0
    current: int = 0
    migrated: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    untried: list[str] = field(default_factory=list)
    seconds: float = 0.0


def migrate_tenants(
    *,
    jobs: int = 4,
    canaries: Sequence[str] = (),
    slugs: Sequence[str] = (),
    progress: Callable[[str, str], None] = lambda slug, outcome: None,
) -> Report:
    """Apply what is missing in every living tenant (or the given ones). ``canaries`` go first; if one fails nothing else runs.

    ``jobs`` is the number of database connections used at once. A failing tenant does not stop the others. Raises
    ``InvalidInput`` for unknown slugs.
    """
    started = time.monotonic()
    report = Report()
    with public_context():
        groups = list_groups(slugs=slugs)
        _require_known({*slugs, *canaries}, groups)
        report.total = sum(len(group.tenants) for group in groups)
        with ThreadPoolExecutor(max_workers=max(1, jobs), thread_name_prefix="migrate") as pool:
            work = [group for group in groups if group.pending or group.covered]
            report.current = report.total - sum(len(group.tenants) for group in work)
            for group in _canaries_first(work, canaries):
                if report.failed and canaries and not _is_canary(group, canaries):
                    report.untried += [tenant.slug for tenant in group.tenants]
                    continue
                for slug, error in _migrate_group(group, pool):
                    _note(report, slug, error, progress)
            _close_connections(pool, max(1, jobs))
    report.seconds = time.monotonic() - started
    return report


def _close_connections(pool: ThreadPoolExecutor, jobs: int) -> None:
    """Close each pool thread's own connection; the barrier makes every thread take part once."""
    barrier = threading.Barrier(jobs)

    def close(_: int) -> None:
        barrier.wait(timeout=30)
        connections.close_all()

    list(pool.map(close, range(jobs)))


def _note(report: Report, slug: str, error: str, progress: Callable[[str, str], None]) -> None:
    if error:
        report.failed[slug] = error
    else:
        report.migrated.append(slug)
    progress(slug, error)


def _migrate_group(group: Group, pool: ThreadPoolExecutor) -> Iterator[tuple[str, str]]:
    """Yields slug and error (empty when fine) for each tenant."""
    waiting = list(group.tenants)
    steps: list[Step] | None = None
    for _ in range(REFERENCE_TRIES):
        if steps is not None or not waiting:
            break
        reference = waiting.pop(0)
        collected: list[Step] = []
        error = pool.submit(_migrate_reference, reference, group, collected).result()
        steps = None if error else collected
        yield reference.slug, error
    if steps is None:
        yield from ((tenant.slug, "not tried: the same migrations failed in other tenants") for tenant in waiting)
        return
    ready = steps
    yield from pool.map(lambda tenant: (tenant.slug, _migrate_one(tenant, group, ready)), waiting)


def _migrate_reference(tenant: TenantRef, group: Group, collected: list[Step]) -> str:
    """Collect and run step by step in one tenant; fills ``collected`` and returns the error, if any."""

    def steps() -> Iterator[Step]:
        for planned in group.pending:
            statements = tuple(collect(planned)) if planned.is_pure_ddl else None
            step = Step(planned=planned, statements=statements)
            collected.append(step)
            yield step

    return _run(tenant, group.covered, steps())


def _migrate_one(tenant: TenantRef, group: Group, steps: Sequence[Step]) -> str:
    return _run(tenant, group.covered, iter(steps))


def _run(tenant: TenantRef, covered: Sequence[Planned], steps: Iterator[Step]) -> str:
    with host_context(tenant):
        try:
            for planned in covered:
                with transaction.atomic():
                    if _is_missing(tenant, planned.key):
                        record(planned.key)
            for step in steps:
                _run_step(tenant, step)
        except Exception as error:
            logger.exception("tenant migration failed", extra={"schema": tenant.schema_name})
            return f"{type(error).__name__}: {str(error).strip()}"
    return ""


def _run_step(tenant: TenantRef, step: Step) -> None:
    key = step.planned.key
    note_started(tenant_id=tenant.id, keys=[key], way="state" if step.statements is None else "sql")
    started = time.monotonic()
    try:
        for attempt in range(1, TRIES + 1):
            try:
                _apply(tenant, step, started)
                return
            except OperationalError:
                if attempt == TRIES or not connection.is_usable():
                    raise
                time.sleep(random.uniform(0, 0.5 * 2**attempt))  # noqa: S311 - jitter
    except Exception as error:
        note_ended(tenant_id=tenant.id, key=key, duration_ms=_ms(started), error=f"{type(error).__name__}: {error}")
        raise


def _apply(tenant: TenantRef, step: Step, started: float) -> None:
    key = step.planned.key
    if not step.planned.migration.atomic:
        _apply_outside_transaction(tenant, step)
        note_ended(tenant_id=tenant.id, key=key, duration_ms=_ms(started))
        return
    with transaction.atomic():
        if _is_missing(tenant, key):
            if step.statements is None:
                run_in_current_schema(step.planned)
            else:
                with connection.cursor() as cursor:
                    cursor.execute("\n".join(step.statements) or "SELECT 1")
                record(key)
        note_ended(tenant_id=tenant.id, key=key, duration_ms=_ms(started))


def _apply_outside_transaction(tenant: TenantRef, step: Step) -> None:
    """For migrations that say ``atomic = False`` (concurrent indexes): statement by statement under a session lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, hashtext(%s))", [LOCK_SPACE, tenant.schema_name])
        try:
            if not _is_recorded(cursor, step.planned.key):
                if step.statements is None:
                    run_in_current_schema(step.planned)
                else:
                    for statement in step.statements:
                        cursor.execute(statement)
                    record(step.planned.key)
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", [LOCK_SPACE, tenant.schema_name])


def _is_missing(tenant: TenantRef, key: Key) -> bool:
    """Wait for another run on the same schema, then look again. Inside a transaction; also bounds waits for table locks."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [LOCK_SPACE, tenant.schema_name])
        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        return not _is_recorded(cursor, key)


def _is_recorded(cursor, key: Key) -> bool:
    cursor.execute("SELECT to_regclass(quote_ident(current_schema()) || '.django_migrations') IS NOT NULL")
    if not cursor.fetchone()[0]:
        return False
    cursor.execute("SELECT 1 FROM django_migrations WHERE app = %s AND name = %s", list(key))
    return cursor.fetchone() is not None


def _canaries_first(groups: Sequence[Group], canaries: Sequence[str]) -> Iterator[Group]:
    rest = []
    for group in groups:
        first = tuple(tenant for tenant in group.tenants if tenant.slug in canaries)
        others = tuple(tenant for tenant in group.tenants if tenant.slug not in canaries)
        if first:
            yield Group(tenants=first, pending=group.pending, covered=group.covered)
        if others:
            rest.append(Group(tenants=others, pending=group.pending, covered=group.covered))
    yield from rest


def _is_canary(group: Group, canaries: Sequence[str]) -> bool:
    return group.tenants[0].slug in canaries


def _require_known(slugs: set[str], groups: Sequence[Group]) -> None:
    unknown = slugs - {tenant.slug for group in groups for tenant in group.tenants}
    if unknown:
        raise InvalidInput(fields={"tenant": f"No such workspace: {', '.join(sorted(unknown))}."})


def _ms(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
