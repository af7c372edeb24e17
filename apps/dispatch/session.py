"""A database connection of the worker's own: autocommit, prepared statements, replaced when it breaks.

Every statement run here is conditional and commits by itself, so after a lost connection the caller may simply run it again:
whether the first try was committed or not, the second one finds the truth.
"""

import logging
from collections.abc import Mapping
from typing import Any

import psycopg2
from django.db import connections
from psycopg2.extensions import TRANSACTION_STATUS_IDLE

from apps.core.errors import Unavailable

logger = logging.getLogger(__name__)

Row = tuple[Any, ...]

# The sessions run a handful of known statements on tables whose statistics swing between empty and millions of rows; a plan made
# for the empty table must not scan the full one later.
TUNING = "SET enable_seqscan = off; SET jit = off; SET plan_cache_mode = force_generic_plan; SET timezone = 'UTC'"


class DatabaseAway(Unavailable):
    """The statement did not get an answer; it may or may not have been committed. Run it again later."""

    code = "database_away"


def is_transient(error: BaseException) -> bool:
    """Whether a database error is about the connection or the moment rather than about the statement."""
    cause = error.__cause__ if isinstance(error.__cause__, psycopg2.Error) else error
    if isinstance(cause, psycopg2.OperationalError | psycopg2.InterfaceError):
        return True
    return isinstance(cause, psycopg2.DatabaseError) and getattr(cause, "pgcode", None) is None


class Session:
    """One named connection with its prepared statements. Not thread-safe: each thread has its own."""

    def __init__(
        self, *, name: str, prepared: Mapping[str, tuple[str, str]] | None = None, timeout_s: float = 10
    ) -> None:
        self.name = name
        self._prepared = dict(prepared or {})
        self._timeout_s = timeout_s
        self._connection: Any = None

    def run(self, sql: str, params: Mapping[str, Any] | None = None) -> list[Row]:
        """Execute and return the rows of the last statement. Raises ``DatabaseAway``; other database errors are bugs."""
        try:
            with self._connected().cursor() as cursor:
                cursor.execute(sql, params)
                return cursor.fetchall() if cursor.description else [()] * max(cursor.rowcount, 0)
        except psycopg2.Error as error:
            if is_transient(error):
                self.close()
                raise DatabaseAway(detail=f"{self.name}: {type(error).__name__}: {error}") from error
            self._reset()
            raise

    def close(self) -> None:
        """Drop the connection; the next statement opens another one."""
        broken, self._connection = self._connection, None
        if broken is not None:
            try:
                broken.close()
            except psycopg2.Error:
                logger.debug("connection was closed already", exc_info=True)

    def _reset(self) -> None:
        if self._connection is not None and self._connection.info.transaction_status != TRANSACTION_STATUS_IDLE:
            self.close()

    def _connected(self) -> Any:
        if self._connection is None or self._connection.closed:
            fresh = psycopg2.connect(**self._parameters())
            fresh.autocommit = True
            with fresh.cursor() as cursor:
                cursor.execute(TUNING)
                for name, (types, sql) in self._prepared.items():
                    cursor.execute(f"PREPARE {name}({types}) AS {sql}")
            self._connection = fresh
        return self._connection

    def _parameters(self) -> dict[str, Any]:
        given: Mapping[str, Any] = connections["default"].get_connection_params()
        kept: dict[str, Any] = {
            key: given[key]
            for key in ("dbname", "user", "password", "host", "port", "sslmode", "sslrootcert")
            if key in given
        }
        return {
            **kept,
            "application_name": f"echopilot {self.name}",
            "connect_timeout": 5,
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "tcp_user_timeout": 10_000,
            "options": f"-c statement_timeout={int(self._timeout_s * 1000)} -c lock_timeout=2000",
        }
