"""The kernel's own preflight questions; other apps add theirs in ``plug.py``."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import closing
from typing import Any

import redis
from django.conf import settings
from django.core import checks
from django.db import connection

from apps.core import crypto
from apps.core.checks import check_encryption_keys, check_environment_names
from apps.core.database import use_public_schema
from apps.core.preflight import Finding, PreflightCheck, failed, ok, skipped, warning
from apps.core.probes import pending_migrations
from apps.core.revision import DirtyRevision, UnknownRevision, current_revision, require_clean_revision

OLDEST_DATABASE = 160000
SHORTEST_SECRET = 50
FEWEST_DIFFERENT = 12
SECONDS = 3
POOLER_QUESTION = "SELECT pg_backend_pid(), current_setting('echopilot.pooler_probe', true)"


def database() -> Finding:
    """Reachable, new enough, and allowed to create schemas."""
    use_public_schema()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('server_version_num')::int, current_setting('server_version'), current_database(),"
            " has_database_privilege(current_database(), 'CREATE')"
        )
        number, version, name, may_create = cursor.fetchone()
    if number < OLDEST_DATABASE:
        return failed(f"PostgreSQL {version} is too old", next_step="Use PostgreSQL 16 or newer.")
    if not may_create:
        return failed(
            f"this role may not create schemas in {name!r}", next_step=f"GRANT CREATE ON DATABASE {name} TO this role."
        )
    return ok(f"PostgreSQL {version}, database {name!r}")


def pooler_mode() -> Finding:
    """Refuse a pooler that changes the server connection between statements: tenants would read each other's rows."""
    if session_moves(connection.get_new_connection, connection.get_connection_params()):
        return failed(
            "statements of one session reach different server processes (transaction or statement pooling)",
            next_step="Set the pooler to session mode (PgBouncer: pool_mode=session), or connect to PostgreSQL directly.",
        )
    return ok("one session stays on one server process")


def session_moves(connect: Callable[[dict[str, Any]], Any], parameters: dict[str, Any]) -> bool:
    """Whether a session loses its server process when another client opens a transaction in between.

    A pooler hands the idle server process to the other client; the first one's next statement then runs elsewhere, without
    its settings, or has to wait. A direct connection, or a pooler by session, keeps both.
    """
    with closing(connect(parameters)) as ours, closing(connect(parameters)) as theirs, ThreadPoolExecutor(1) as aside:
        ours.autocommit, theirs.autocommit = True, False
        _ask(ours, "SELECT set_config('echopilot.pooler_probe', 'set', false)")
        before = _ask(ours, POOLER_QUESTION)
        _ask(theirs, "SELECT pg_backend_pid()")
        answer = aside.submit(_ask, ours, POOLER_QUESTION)
        try:
            return bool(answer.result(timeout=SECONDS) != before)
        except FutureTimeout:
            return True
        finally:
            theirs.rollback()


def broker() -> Finding:
    """Reachable, speaks the protocol, and does not throw waiting messages away."""
    with redis.Redis.from_url(settings.BROKER_URL, socket_connect_timeout=SECONDS, socket_timeout=SECONDS) as server:
        info = server.info()
    name = "Valkey" if "valkey_version" in info else "Redis"
    version = info.get("valkey_version") or info.get("redis_version")
    if info.get("maxmemory", 0) and info.get("maxmemory_policy") not in (None, "noeviction"):
        return warning(
            f"{name} {version} evicts keys when full ({info['maxmemory_policy']})",
            next_step="Set maxmemory-policy noeviction, or give cache and broker separate servers.",
        )
    return ok(f"{name} {version}")


def migrations() -> Finding:
    """Everything this code knows is applied to the public schema."""
    pending = pending_migrations()
    if pending:
        return failed(f"{len(pending)} pending, first {pending[0]}", next_step="Run manage.py migrate.")
    return ok("all applied to the public schema")


def secret_key() -> Finding:
    """Long, varied, and not one of the keys printed in the source."""
    key = settings.SECRET_KEY
    advice = 'Set SECRET_KEY to python -c "import secrets; print(secrets.token_urlsafe(50))".'
    if key.startswith(("development-only", "test-only", "django-insecure")):
        found = warning if settings.DEBUG else failed
        return found("the development key is in use", next_step=advice)
    if len(key) < SHORTEST_SECRET or len(set(key)) < FEWEST_DIFFERENT:
        return failed("too short or too uniform", next_step=advice)
    return ok(f"{len(key)} characters")


def encryption_keys() -> Finding:
    """Readable, and not derived from SECRET_KEY outside of development."""
    problems = check_encryption_keys()
    if not problems:
        ring = crypto.keyring()
        return ok(f"{len(ring.keys)} keys, {ring.current[0]!r} encrypts")
    worst = problems[0]
    found = warning if worst.level < checks.ERROR and settings.DEBUG else failed
    return found(worst.msg, next_step=worst.hint or "")


def environment() -> Finding:
    """No variable that looks like ours and is not read."""
    problems = check_environment_names()
    if problems:
        hints = "; ".join(f"{problem.msg} {problem.hint}" for problem in problems)
        return warning(hints, next_step="Correct the names, or remove the variables.")
    return ok("every variable with our names is read")


def checkout() -> Finding:
    """The code that would answer is a commit."""
    try:
        revision = require_clean_revision(max_age_s=0)
    except (DirtyRevision, UnknownRevision) as error:
        return failed(f"{current_revision().short}", next_step=error.text)
    if revision.dirty:
        return warning(
            f"{revision.short}: {len(revision.files)} uncommitted files, allowed by ALLOW_DIRTY",
            next_step="Commit before real work; runs are recorded as dirty.",
        )
    return ok(revision.short)


def https() -> Finding:
    """Behind TLS the proxy in front must be declared, or redirects never end."""
    if settings.DEBUG or not settings.SECURE_SSL_REDIRECT:
        return skipped("development: no TLS asked for")
    if not settings.SECURE_PROXY_SSL_HEADER:
        return warning("no proxy declared in front of this process", next_step="Set TRUSTED_PROXIES to their number.")
    return ok("TLS ends at the proxy in front")


def _ask(session: Any, statement: str) -> Any:
    with session.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()


CHECKS = (
    PreflightCheck(name="environment", check=environment, order=10),
    PreflightCheck(name="secret-key", check=secret_key, order=20),
    PreflightCheck(name="encryption", check=encryption_keys, order=30),
    PreflightCheck(name="checkout", check=checkout, order=40),
    PreflightCheck(name="database", check=database, order=50),
    PreflightCheck(name="pooler", check=pooler_mode, order=51),
    PreflightCheck(name="migrations", check=migrations, order=52),
    PreflightCheck(name="broker", check=broker, order=60),
    PreflightCheck(name="https", check=https, order=70),
)
