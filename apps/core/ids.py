"""Identifiers: time-ordered UUIDs for rows, short random names for schemas."""

import secrets
import string
from uuid import UUID

from uuid_utils.compat import uuid7

SCHEMA_ALPHABET = string.ascii_lowercase + string.digits


def new_id() -> UUID:
    """A version 7 UUID (RFC 9562): unique and roughly ordered by time of creation, so indexes grow at one end."""
    return uuid7()


def new_schema_name() -> str:
    """``t_`` and 12 random characters of a-z0-9: never user input, safe unquoted in SQL."""
    return "t_" + "".join(secrets.choice(SCHEMA_ALPHABET) for _ in range(12))
