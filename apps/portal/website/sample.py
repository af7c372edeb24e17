"""The example on the landing page: one finished task, drawn by the same parts as a real one. Its figures are an example's."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, kw_only=True)
class Step:
    """One line of the example's time line."""

    title: str | Promise
    text: str | Promise
    state: str
    started_at: datetime
    finished_at: datetime
    cost_micros: int

    @property
    def duration(self) -> float:
        """Seconds."""
        return (self.finished_at - self.started_at).total_seconds()


# Title, words, state, seconds until it began, seconds it took, cost in millionths of a dollar.
_STEPS: tuple[tuple[str | Promise, str | Promise, str, float, float, int], ...] = (
    (_("Draft the answer"), _("142 words"), "done", 0.1, 3.2, 2140),
    (_("Review"), _("72 of 100: the return period is missing"), "failed", 3.4, 1.1, 310),
    (_("Revise"), _("The period was added"), "done", 4.6, 2.6, 1980),
    (_("Review"), _("91 of 100: passed"), "done", 7.3, 1.0, 320),
    (_("Deliver"), _("Written back to Notion"), "done", 8.4, 0.4, 0),
)
_CRITERIA: tuple[tuple[str | Promise, int, int, str | Promise], ...] = (
    (_("Clarity"), 30, 94, _("Short sentences, one thought each.")),
    (_("Accuracy"), 30, 92, _("Every figure stands in the request.")),
    (_("Completeness"), 20, 88, _("Period, address and costs are named.")),
    (_("Professional tone"), 20, 90, _("Friendly without promising too much.")),
)


def sample_task() -> dict[str, Any]:
    """Title, request, answer, criteria, steps and sums of the example."""
    begin = timezone.now().replace(microsecond=0) - timedelta(minutes=3)
    steps = [
        Step(
            title=title, text=text, state=state, cost_micros=cost,
            started_at=begin + timedelta(seconds=after), finished_at=begin + timedelta(seconds=after + took),
        )
        for title, text, state, after, took, cost in _STEPS
    ]  # fmt: skip
    return {
        "title": _("Answer a question about a return"),
        "request": _(
            "A customer asks how to send back a lamp. Facts: 30 days, the label is in the parcel, postage is free."
        ),
        "answer": _(
            "Thank you for writing. You can return the lamp within 30 days of delivery. The return label is in your parcel,"
            " and the postage is on us. As soon as the lamp is here, we refund the full price."
        ),
        "criteria": [
            {"title": title, "weight": weight, "score": score, "reason": reason}
            for title, weight, score, reason in _CRITERIA
        ],
        "score": 91,
        "target": 80,
        "steps": steps,
        "now": steps[-1].finished_at,
        "cost_micros": sum(step.cost_micros for step in steps),
        "seconds": (steps[-1].finished_at - steps[0].started_at).total_seconds(),
    }
