"""The database's clock, by which everything here is judged."""

from datetime import datetime

from django.db import connection


def database_now() -> datetime:
    """The present moment, also inside a long transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]  # type: ignore[no-any-return]
