"""Times by the database's clock, which all workers share."""

from datetime import datetime, timedelta

from django.db import connection


def database_now() -> datetime:
    """The clock itself, which also moves within a transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now


def after(seconds: float) -> datetime:
    """The moment so many seconds from now; negative for the past."""
    return database_now() + timedelta(seconds=seconds)
