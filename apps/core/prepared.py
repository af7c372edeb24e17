"""Statements the server plans once per connection, for the few that run so often that planning them costs more than they do.

PostgreSQL plans anew by itself when the search path or a table changes, so one name serves every tenant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """One statement with ``$1`` parameters; ``types`` are PostgreSQL type names in order."""

    name: str
    types: tuple[str, ...]
    sql: str

    def run(self, values: Sequence[Any]) -> Any:
        """Execute on the current connection and return the first row, None without one."""
        places = ", ".join(f"%s::{kind}" for kind in self.types)
        with connection.cursor() as cursor:
            self._prepare(cursor)
            cursor.execute(f"EXECUTE {self.name} ({places})", list(values))
            return cursor.fetchone() if cursor.description else None

    def _prepare(self, cursor: Any) -> None:
        wrapper: Any = connection
        raw, names = getattr(wrapper, "_prepared_names", (None, None))
        if raw is not wrapper.connection or names is None:
            names = set()
            wrapper._prepared_names = (wrapper.connection, names)
        if self.name not in names:
            cursor.execute(f"PREPARE {self.name} ({', '.join(self.types)}) AS {self.sql}")
            names.add(self.name)
