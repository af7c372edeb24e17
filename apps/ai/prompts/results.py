"""What came of prompts in real work: calls, failures, time, cost and verdicts, by the version they were made with.

Tests of prompts are left out. Verdicts are those of runs in which one version alone was at work: where several wrote, nobody
can say whose answer was judged.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from apps.ai.prompts.testing import TEST_TASK_TYPE

DAYS = 30
CALLS = """
SELECT prompt_version, count(*), count(*) FILTER (WHERE state = 'failed'), coalesce(sum(cost_micros), 0),
       count(*) FILTER (WHERE cost_micros IS NULL), (avg(latency_ms) FILTER (WHERE state = 'ok'))::int, max(created_at)
FROM ai_aicall
WHERE prompt_version <> '' AND prompt_version = ANY(%(labels)s) AND created_at >= %(since)s AND task_type <> %(tests)s
GROUP BY prompt_version
"""
VERDICTS = """
WITH touched AS (
    SELECT DISTINCT run_id FROM ai_aicall
    WHERE prompt_version <> '' AND prompt_version = ANY(%(labels)s) AND created_at >= %(since)s AND run_id IS NOT NULL
), alone AS (
    SELECT run_id, min(prompt_version) AS label FROM ai_aicall JOIN touched USING (run_id)
    WHERE purpose = 'work' GROUP BY run_id HAVING count(DISTINCT prompt_version) = 1
)
SELECT label, count(*), count(*) FILTER (WHERE passed), avg(score)::int
FROM alone JOIN ai_review USING (run_id) GROUP BY label
"""


@dataclass(frozen=True, kw_only=True)
class Results:
    """Of one version (``label`` as calls carry it) or of several together. Costs in micro-dollars without the ``unpriced`` calls;
    ``latency_ms`` is the mean of answered calls; ``score`` the mean of ``verdicts``."""

    label: str
    calls: int = 0
    failed: int = 0
    cost_micros: int = 0
    unpriced: int = 0
    latency_ms: int | None = None
    last_at: object = None
    verdicts: int = 0
    passed: int = 0
    score: int | None = None

    @property
    def passed_percent(self) -> int | None:
        """Of the verdicts."""
        return round(100 * self.passed / self.verdicts) if self.verdicts else None

    @property
    def latency_s(self) -> float | None:
        """The mean in seconds."""
        return None if self.latency_ms is None else self.latency_ms / 1000

    @property
    def mean_cost_micros(self) -> int | None:
        """Of a priced call."""
        priced = self.calls - self.unpriced
        return round(self.cost_micros / priced) if priced else None


def results_of(labels: Iterable[str], *, days: int = DAYS) -> dict[str, Results]:
    """Results of the last ``days`` days by the labels calls carry (``slug@3``, built in ``task.drafting@1/large``); labels nobody
    used are left out. Two queries."""
    params: dict[str, Any] = {
        "since": timezone.now() - timedelta(days=days),
        "tests": TEST_TASK_TYPE,
        "labels": list(labels),
    }
    with connection.cursor() as cursor:
        cursor.execute(CALLS, params)
        calls = {row[0]: row for row in cursor.fetchall()}
        cursor.execute(VERDICTS, params)
        verdicts = {row[0]: row for row in cursor.fetchall()}
    return {
        label: Results(
            label=label, calls=row[1], failed=row[2], cost_micros=row[3], unpriced=row[4], latency_ms=row[5], last_at=row[6],
            verdicts=verdicts[label][1] if label in verdicts else 0, passed=verdicts[label][2] if label in verdicts else 0,
            score=verdicts[label][3] if label in verdicts else None,
        )
        for label, row in calls.items()
    }  # fmt: skip


def together(found: Iterable[Results], *, label: str) -> Results:
    """Several versions as one; means are weighted."""
    rows = list(found)
    answered = [(one.latency_ms, one.calls - one.failed) for one in rows if one.latency_ms is not None]
    weight = sum(count for _latency, count in answered)
    judged = [(one.score, one.verdicts) for one in rows if one.score is not None]
    verdicts = sum(one.verdicts for one in rows)
    return Results(
        label=label, calls=sum(one.calls for one in rows), failed=sum(one.failed for one in rows),
        cost_micros=sum(one.cost_micros for one in rows), unpriced=sum(one.unpriced for one in rows),
        latency_ms=round(sum(latency * count for latency, count in answered) / weight) if weight else None,
        verdicts=verdicts, passed=sum(one.passed for one in rows),
        score=round(sum(score * count for score, count in judged) / verdicts) if verdicts else None,
    )  # fmt: skip
