"""Reads of comparisons and proposals for pages."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Q

from apps.workflows.models import Proposal, WhatIf, WhatIfRun
from apps.workflows.whatif.enums import Verdict, WhatIfState
from apps.workflows.whatif.errors import UnknownWhatIf

ORDER = (Verdict.FAILED, Verdict.WORSE, Verdict.CHANGED, Verdict.BETTER, Verdict.OPEN, Verdict.SAME)


@dataclass(frozen=True, kw_only=True)
class Totals:
    """A comparison summed up. Sums over runs whose figures are known on both sides; ``unknown`` counts the others."""

    verdicts: tuple[tuple[Verdict, int], ...]
    judged: int
    total: int
    cost_before: int
    cost_after: int
    seconds_before: float
    seconds_after: float
    unknown: int
    score_before: float | None
    score_after: float | None
    spent_micros: int
    other_ways: int
    not_sent: int

    @property
    def percent(self) -> int:
        """How far it is."""
        return round(100 * self.judged / self.total) if self.total else 100


def get_what_if(what_if_id: UUID) -> WhatIf:
    """A comparison with its workflow. Raises ``UnknownWhatIf``."""
    found = WhatIf.objects.select_related("workflow").filter(pk=what_if_id).first()
    if found is None:
        raise UnknownWhatIf(detail=str(what_if_id))
    return found


def list_what_ifs(*, workflow: str, limit: int = 20) -> list[WhatIf]:
    """The latest comparisons of a workflow with how many of their runs are judged. One query."""
    rows = (
        WhatIf.objects.filter(workflow__slug=workflow)
        .select_related("workflow")
        .annotate(total=Count("runs"), judged=Count("runs", filter=Q(runs__judged_at__isnull=False)))
    )
    return list(rows.defer("definition").order_by("-created_at")[:limit])


def rows_of(what_if_id: UUID) -> list[WhatIfRun]:
    """Its runs, the ones to look at first. One query."""
    rank = {verdict.value: place for place, verdict in enumerate(ORDER)}
    rows = WhatIfRun.objects.filter(what_if_id=what_if_id)
    return sorted(rows, key=lambda row: (rank.get(row.verdict, len(rank)), row.pk))


def totals(rows: Iterable[WhatIfRun]) -> Totals:
    """Sums of a comparison."""
    found = list(rows)
    judged = [row for row in found if row.judged_at]
    both = [row for row in judged if row.after.get("cost_micros") is not None and row.before]
    scored = [row for row in judged if row.before.get("score") is not None and row.after.get("score") is not None]
    counted = Counter(row.verdict for row in judged)
    return Totals(
        verdicts=tuple((verdict, counted[verdict.value]) for verdict in ORDER if counted[verdict.value]),
        judged=len(judged),
        total=len(found),
        cost_before=sum(row.before["cost_micros"] for row in both),
        cost_after=sum(row.after["cost_micros"] for row in both),
        seconds_before=sum(row.before["seconds"] for row in both),
        seconds_after=sum(row.after["seconds"] for row in both),
        unknown=len(judged) - len(both),
        score_before=_mean(row.before["score"] for row in scored),
        score_after=_mean(row.after["score"] for row in scored),
        spent_micros=sum(row.after.get("spent_micros", 0) for row in judged),
        other_ways=sum(row.before.get("way") != row.after.get("way") for row in judged),
        not_sent=sum("not_sent" in row.answers.values() for row in judged),
    )


def _mean(values: Iterable[int]) -> float | None:
    found = list(values)
    return round(sum(found) / len(found), 1) if found else None


def list_proposals(*, workflow: str, limit: int = 10) -> list[Proposal]:
    """The latest proposals for a workflow. One query."""
    rows = Proposal.objects.filter(workflow__slug=workflow).select_related("workflow")
    return list(rows.defer("definition").order_by("-created_at")[:limit])


def is_running(what_if: WhatIf) -> bool:
    """Whether shadows are still under way."""
    return bool(what_if.state == WhatIfState.RUNNING)
