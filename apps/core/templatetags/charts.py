"""Charts drawn on the server: sparkline, columns with their table, history strip, meter. All of them say themselves in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

register = template.Library()

SPARK_WIDTH, SPARK_HEIGHT = 100, 30
COLUMN, COLUMN_GAP, COLUMNS_HEIGHT = 20, 6, 100
STRIP_STEP, STRIP_HEIGHT = 6, 18
STRIP_CLASSES = {"done": "", "ok": "", "failed": "b", "bad": "b", "waiting": "w", "running": "r", "none": "n"}


@register.simple_tag
def sparkline(values: Sequence[float], label: str = "", css: str = "") -> SafeString:
    """A line over its own highest value; without ``label`` it is decoration beside a figure. Fewer than two values: nothing."""
    if len(values) < 2:
        return format_html("{}", "")
    top = max(*values, 0.000001)
    step = SPARK_WIDTH / (len(values) - 1)
    points = [
        f"{index * step:.1f},{SPARK_HEIGHT - 2 - value / top * (SPARK_HEIGHT - 4):.1f}"
        for index, value in enumerate(values)
    ]
    line = "M" + "L".join(points)
    spoken = format_html('role="img" aria-label="{}"', label) if label else format_html('aria-hidden="{}"', "true")
    return format_html(
        '<svg class="spark {}" viewBox="0 0 {} {}" preserveAspectRatio="none" {}>'
        '<path class="a" d="{}L{},{}L0,{}Z"></path><path class="l" d="{}"></path></svg>',
        css, SPARK_WIDTH, SPARK_HEIGHT, spoken, line, SPARK_WIDTH, SPARK_HEIGHT, SPARK_HEIGHT, line,
    )  # fmt: skip


@register.inclusion_tag("components/bar_chart.html")
def bar_chart(columns: Sequence[dict[str, Any]], *, label: str, first: str, second: str = "") -> dict[str, Any]:
    """Stacked columns with legend and table.

    Each column is ``{"label": "Mon 3", "value": 12, "failed": 2}``; ``first`` and ``second`` name the two series, the second
    one is hatched. The whole data stands in the table below.
    """
    top = max((one["value"] + one.get("failed", 0) for one in columns), default=0) or 1
    bars, failed = [], []
    for index, one in enumerate(columns):
        left = index * COLUMN + COLUMN_GAP / 2
        tall = one["value"] / top * COLUMNS_HEIGHT
        high = one.get("failed", 0) / top * COLUMNS_HEIGHT
        if tall:
            bars.append((f"{left:g}", f"{COLUMNS_HEIGHT - tall:.1f}", f"{tall:.1f}"))
        if high:
            failed.append((f"{left:g}", f"{COLUMNS_HEIGHT - tall - high - (1 if tall else 0):.1f}", f"{high:.1f}"))
    marks = [columns[index]["label"] for index in sorted({0, len(columns) // 2, len(columns) - 1})] if columns else []
    return {
        "bars": bars, "failed": failed, "columns": columns, "label": label, "first": first, "second": second, "marks": marks,
        "width": max(len(columns), 1) * COLUMN, "column": COLUMN - COLUMN_GAP, "height": COLUMNS_HEIGHT,
    }  # fmt: skip


@register.simple_tag
def history_strip(states: Sequence[str], length: int = 20) -> SafeString:
    """The last runs as little bars, oldest first, read out as "2 of 20 failed". States: done, failed, waiting, running."""
    shown = list(states)[-length:]
    padded = ["none"] * (length - len(shown)) + shown
    failed = sum(STRIP_CLASSES.get(state) == "b" for state in shown)
    label = (
        _("%(failed)d of the last %(n)d failed") % {"failed": failed, "n": len(shown)} if shown else _("No runs yet")
    )
    bars = format_html_join(
        "",
        '<rect x="{}" width="4" height="{}" y="{}" rx="2" class="{}"></rect>',
        (
            (index * STRIP_STEP, *((6, 6) if state == "none" else (STRIP_HEIGHT, 0)), STRIP_CLASSES.get(state, "n"))
            for index, state in enumerate(padded)
        ),
    )
    return format_html(
        '<svg class="strip" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>',
        length * STRIP_STEP,
        STRIP_HEIGHT,
        label,
        bars,
    )


@register.simple_tag
def meter(value: float, maximum: float, label: str, mark: float | None = None) -> SafeString:
    """How much of something is used; ember from 80 %, red from 100 %, and the label says the figures."""
    share = max(0.0, min(1.0, value / maximum)) if maximum else 0.0
    kind = "bad" if maximum and value >= maximum else "wait" if share >= 0.8 else ""
    line = (
        format_html('<line class="mark" x1="{0}" x2="{0}" y1="0" y2="8"></line>', round(mark / maximum * 200, 1))
        if mark is not None and maximum
        else ""
    )
    return format_html(
        '<svg class="meter" viewBox="0 0 200 8" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<rect class="track" width="200" height="8" rx="4"></rect>'
        '<rect class="fill {}" width="{}" height="8" rx="4"></rect>{}</svg>',
        label,
        kind,
        round(share * 200, 1),
        line,
    )
