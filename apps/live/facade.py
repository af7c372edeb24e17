"""The door for other apps: say what changed, and what a page that listens needs to begin with."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connection, transaction

from apps.live.sending import outbox

__all__ = ["changed", "position"]

LAST_ID = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM public.live_notice_id_seq"


def changed(*, tenant_id: int, topics: Iterable[str], flows: Mapping[str, Mapping[str, int]] | None = None) -> None:
    """Tell open pages, once the surrounding transaction is committed, that ``topics`` changed.

    ``flows`` says, per workflow, how many runs came into each state. A hint: it may come late, joined with others, or be lost
    with the process; whoever shows something also looks by itself from time to time.
    """
    noted: dict[str, Any] = {"tenant_id": tenant_id, "topics": tuple(topics), "flows": flows}
    transaction.on_commit(lambda: outbox.note(**noted))


def position() -> int:
    """The last event so far. Read it *before* the rows a page shows: what changes later has a higher id and is replayed.

    Taken from the sequence: an id is given after its change was committed, so whoever reads rows now sees that change.
    """
    with connection.cursor() as cursor:
        cursor.execute(LAST_ID)
        return int(cursor.fetchone()[0])
