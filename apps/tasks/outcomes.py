"""How many results were delivered: what the money of model calls is measured against."""

from collections.abc import Mapping
from datetime import datetime

from django.db import connection

from apps.ai.registries import OutcomeSource

DONE = """
SELECT k.slug, count(*) FROM tasks_task t JOIN tasks_tasktype k ON k.id = t.type_id
WHERE t.state = 'done' AND t.finished_at >= %s AND t.finished_at < %s GROUP BY 1
"""


def count_done_by_type(since: datetime, until: datetime) -> Mapping[str, int]:
    """Tasks finished well in that time, by kind. One query on the index by finish."""
    with connection.cursor() as cursor:
        cursor.execute(DONE, [since, until])
        return dict(cursor.fetchall())


FINISHED_TASKS = OutcomeSource(name="tasks", passed=count_done_by_type)
