"""Charts as SVG made on the server: they work without script, in print and in forced colours, and say themselves in words.

Every chart has a label that is read out; the page shows the same figures as a table beside it. In right-to-left pages the
whole drawing is mirrored by the style sheet (class ``chart``), so time runs from the reading side; texts stay outside.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

WIDTH = 720
HEIGHT = 160
GAP = 0.25


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One column: its parts from the bottom up as (series class, amount), a title for whoever points at it, where it leads."""

    parts: tuple[tuple[str, float], ...]
    title: str
    url: str = ""
    is_current: bool = False

    @property
    def total(self) -> float:
        """The column's height in the data's unit."""
        return sum(amount for _series, amount in self.parts)


def columns(bars: Sequence[Bar], *, label: str, limit: float | None = None) -> SafeString:
    """Stacked columns over their common highest value; ``limit`` draws a line across (a budget, a target).

    Columns with an address can be clicked; the table beside the chart carries the same links for the keyboard. Parts carry the
    class ``s-<series>`` for their colour. No bars give an empty string.
    """
    if not bars:
        return format_html("{}", "")
    top = max([bar.total for bar in bars] + ([limit] if limit else []) + [0]) or 1.0
    step = WIDTH / len(bars)
    drawn = format_html_join("", "{}", ((_column(bar, index * step, step, top),) for index, bar in enumerate(bars)))
    line = ""
    if limit:
        y = round(HEIGHT - limit / top * HEIGHT, 1)
        line = format_html('<line class="limit" x1="0" x2="{}" y1="{}" y2="{}"></line>', WIDTH, y, y)
    return format_html(
        '<p class="vh">{}</p><svg class="chart columns" viewBox="0 0 {} {}" preserveAspectRatio="none" aria-hidden="true">'
        '<line class="base" x1="0" x2="{}" y1="{}" y2="{}"></line>{}{}</svg>',
        label, WIDTH, HEIGHT, WIDTH, HEIGHT, HEIGHT, drawn, line,
    )  # fmt: skip


def _column(bar: Bar, left: float, step: float, top: float) -> SafeString:
    width = round(step * (1 - GAP), 1)
    x = round(left + step * GAP / 2, 1)
    pieces, base = [], float(HEIGHT)
    for series, amount in bar.parts:
        if amount > 0:
            height = max(amount / top * HEIGHT, 1.0)
            base -= height
            pieces.append((x, round(base, 1), width, round(height, 1), series))
    drawn = format_html_join("", '<rect x="{}" y="{}" width="{}" height="{}" class="s-{}"></rect>', pieces)
    touch = format_html('<rect x="{}" y="0" width="{}" height="{}" class="touch"></rect>', round(left, 1), round(step, 1),
                        HEIGHT)  # fmt: skip
    body = format_html("<title>{}</title>{}{}", bar.title, touch, drawn)
    marked = "current" if bar.is_current else ""
    if not bar.url:
        return format_html('<g class="{}">{}</g>', marked, body)
    return format_html('<a href="{}" tabindex="-1" class="{}">{}</a>', bar.url, marked, body)


def share(value: float, *, of: float, tone: str = "") -> SafeString:
    """A thin bar beside a figure in a table: decoration, the figure says it."""
    filled = 0.0 if of <= 0 else max(0.0, min(1.0, value / of))
    return format_html(
        '<svg class="share {}" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="track" width="100" height="4"></rect><rect class="fill" width="{}" height="4"></rect></svg>',
        tone, round(filled * 100, 1),
    )  # fmt: skip
