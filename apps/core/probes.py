"""The kernel's own health probes: database, broker, migrations."""

from __future__ import annotations

import time

import redis
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from apps.core.database import use_public_schema
from apps.core.errors import Unavailable

SECONDS = 2
MIGRATIONS_FRESH_SECONDS = 60.0
_migrations_seen_at: list[float] = []


def check_database() -> None:
    """One statement on the public schema, at most two seconds. Raises Django's database errors."""
    use_public_schema()
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, false)", [f"{SECONDS}s"])
        try:
            cursor.execute("SELECT 1")
        finally:
            cursor.execute("RESET statement_timeout")


def check_broker() -> None:
    """PING within two seconds. Work goes on without the broker, only later, so the probe is not critical."""
    with redis.Redis.from_url(settings.BROKER_URL, socket_connect_timeout=SECONDS, socket_timeout=SECONDS) as broker:
        broker.ping()


def check_migrations() -> None:
    """Every migration this code knows is applied to the public schema. Looked up at most once a minute while it is true."""
    if _migrations_seen_at and time.monotonic() - _migrations_seen_at[-1] < MIGRATIONS_FRESH_SECONDS:
        return
    pending = pending_migrations()
    if pending:
        raise Unavailable(detail=f"{len(pending)} migrations pending, first: {pending[0]}")
    _migrations_seen_at[:] = [time.monotonic()]


def pending_migrations() -> list[str]:
    """Names of the migrations not yet applied to the public schema, in order."""
    use_public_schema()
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _backwards in plan]
