"""The portal's own cards of Home: what needs a person, how healthy the answers are, what changed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.core.cache import caches
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.accounts.guards import held_permissions
from apps.core.dashboard import Notice, notices_for
from apps.tasks.facade import DayRow, day_metrics, list_tasks

NEEDS_SHOWN = 6
CHANGES_SHOWN = 6
DAYS = 14
KEPT_SECONDS = 60


def needs(request: HttpRequest) -> dict[str, Any]:
    """Everything that waits for this person, most urgent source first."""
    notices, total = notices_for("needs", held_permissions(request), limit=NEEDS_SHOWN)
    return {"notices": notices, "more": max(total - len(notices), 0), "total": total}


def health(_request: HttpRequest) -> dict[str, Any]:
    """How the answers of the last two weeks turned out, against the two weeks before; at most ``KEPT_SECONDS`` old."""
    today = timezone.now().date()
    rows = _metrics(today)
    now, before = _of(rows, today, 0), _of(rows, today, DAYS)
    measured = any(part["done"] or part["failed"] for part in (now, before))
    return {"measured": measured, "now": now, "tiles": _tiles(now, before)}


def days(_request: HttpRequest) -> dict[str, Any] | None:
    """Answers by day, done and failed; nothing before the first answer."""
    today = timezone.now().date()
    columns = _columns(_metrics(today), today)
    return {"columns": columns, "days": DAYS} if any(one["value"] or one["failed"] for one in columns) else None


def changed(request: HttpRequest) -> dict[str, Any]:
    """The newest tasks and what the apps say has changed."""
    notices, _total = notices_for("changed", held_permissions(request), limit=CHANGES_SHOWN)
    return {"tasks": list_tasks(limit=CHANGES_SHOWN).rows, "notices": notices, "held": held_permissions(request)}


def notices_of(request: HttpRequest, *, limit: int) -> dict[str, list[Notice] | int]:
    """Both halves of the notifications."""
    permissions = held_permissions(request)
    needed, total = notices_for("needs", permissions, limit=limit)
    news, _count = notices_for("changed", permissions, limit=limit)
    return {"needs": needed, "needs_total": total, "changed": news}


def _metrics(today: date) -> list[DayRow]:
    """The figures of four weeks, kept for a moment for the workspace, because two cards and every reload need them."""
    kept = caches["tenant"].get_or_set(
        f"home.metrics.{today}",
        lambda: day_metrics(first=today - timedelta(days=2 * DAYS - 1), last=today),
        KEPT_SECONDS,
    )
    return list(kept or [])


def _of(rows: list[DayRow], today: date, back: int) -> dict[str, Any]:
    """Sums of ``DAYS`` days that ended ``back`` days ago; shares of nothing are unknown, not zero."""
    last = today - timedelta(days=back)
    first = last - timedelta(days=DAYS - 1)
    chosen = [row for row in rows if first <= row.day <= last]
    done, failed = sum(row.done for row in chosen), sum(row.failed for row in chosen)
    slow = [row.duration_ms_p95 for row in chosen if row.duration_ms_p95 is not None]
    scores = [(row.score_avg, row.done) for row in chosen if row.score_avg is not None and row.done]
    weight = sum(count for _score, count in scores)
    return {
        "done": done,
        "failed": failed,
        "success": float(f"{100 * done / (done + failed):.1f}") if done + failed else None,
        "first_time": round(100 * sum(row.passed_first_time for row in chosen) / done) if done else None,
        "slow_s": max(slow) / 1000 if slow else None,
        "score": round(sum(score * count for score, count in scores) / weight) if weight else None,
    }


def _tiles(now: dict[str, Any], before: dict[str, Any]) -> dict[str, dict[str, str]]:
    """What changed against the time before, per tile, in words."""
    return {
        "success": _trend(now["success"], before["success"], better_when_higher=True, unit=_("points")),
        "done": _trend_share(now["done"], before["done"]),
        "slow": _trend(now["slow_s"], before["slow_s"], better_when_higher=False, unit=_("s")),
        "score": _trend(now["score"], before["score"], better_when_higher=True, unit=_("points")),
    }


def _trend(now: float | None, before: float | None, *, better_when_higher: bool, unit: str) -> dict[str, str]:
    if now is None or before is None:
        return {"trend": "", "note": _("in the last two weeks")}
    change = round(now - before, 1)
    if not change:
        return {"trend": "", "note": _("as in the two weeks before")}
    text = _("%(n)s %(unit)s more than before") if change > 0 else _("%(n)s %(unit)s less than before")
    return {
        "trend": "up" if (change > 0) == better_when_higher else "down",
        "note": text % {"n": f"{abs(change):g}", "unit": unit},
    }


def _trend_share(now: int, before: int) -> dict[str, str]:
    if not before:
        return {"trend": "", "note": _("in the last two weeks")}
    percent = round(100 * (now - before) / before)
    text = _("%(n)d %% more than before") if percent > 0 else _("%(n)d %% less than before")
    return {"trend": "", "note": text % {"n": abs(percent)} if percent else _("as in the two weeks before")}


def _columns(rows: list[DayRow], today: date) -> list[dict[str, Any]]:
    days = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    return [
        {
            "label": date_format(day, "j M"),
            "value": sum(row.done for row in rows if row.day == day),
            "failed": sum(row.failed for row in rows if row.day == day),
        }
        for day in days
    ]
