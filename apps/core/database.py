"""The connection's place among schemas, for kernel code that must not know of tenants."""

from __future__ import annotations

from typing import Any

from django.db import connection

PUBLIC_SCHEMA = "public"

_connection: Any = connection


def use_public_schema() -> None:
    """Point the default connection at the public schema: for questions about the installation itself."""
    _connection.set_schema_to_public()


def current_schema() -> str:
    """Schema the default connection works in."""
    return str(_connection.schema_name)
