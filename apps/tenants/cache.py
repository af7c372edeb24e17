"""Cache keys that carry the tenant."""

from django.db import connection


def make_key(key: str, key_prefix: str, version: int) -> str:
    """``schema:prefix:version:key``, so that no tenant's entry can be read under another's name."""
    return f"{connection.schema_name}:{key_prefix}:{version}:{key}"
