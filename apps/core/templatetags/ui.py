"""Small drawing tags shared by all pages: icons, amounts, times, gauges, the waterfall of a run."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from babel.numbers import format_currency
from django import template
from django.templatetags.static import static
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from apps.core.seeded import shown

register = template.Library()

FLIPPED_ICONS = {"chevron-right", "chevron-left", "arrow-left", "send", "log-out", "external-link"}
MICROS = Decimal(1_000_000)
LANE_WIDTH = 400
LANE_HEIGHT = 14


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    """One icon of the sprite; decoration only, so it is hidden from screen readers."""
    classes = " ".join(filter(None, ["icon", "dirflip" if name in FLIPPED_ICONS else "", extra]))
    return format_html(
        '<svg class="{}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        classes,
        static("portal/icons.svg"),
        name,
    )


@register.filter
def item(mapping: Any, key: Any) -> Any:
    """One entry of a mapping, nothing when it is missing."""
    return mapping.get(key, "")


@register.filter
def seeded(name: str) -> str:
    """A name the product itself put into the workspace, in the reader's language; any other as it is."""
    return shown(name)


@register.filter
def micros(amount: int | None) -> SafeString:
    """Micro-dollars as an amount in the reader's format; None is shown as unknown, never as zero."""
    if amount is None:
        return format_html('<span class="quiet">{}</span>', _("unknown"))
    value = Decimal(amount) / MICROS
    digits = 2 if amount == 0 or value >= 1 else 4 if value >= Decimal("0.01") else 6
    pattern = "¤#,##0." + "0" * digits
    locale = (get_language() or "en").replace("-", "_")
    return format_html("<bdi>{}</bdi>", format_currency(value, "USD", pattern, locale=locale, currency_digits=False))


@register.filter
def seconds(value: float | timedelta | None) -> str:
    """A duration in the largest fitting unit: 240 ms, 3.2 s, 4 min 10 s, 2 h 5 min."""
    if value is None:
        return "–"
    total = value.total_seconds() if isinstance(value, timedelta) else float(value)
    if total < 1:
        return _("%(n)d ms") % {"n": round(total * 1000)}
    if total < 60:
        return _("%(n).1f s") % {"n": total}
    minutes, rest = divmod(round(total), 60)
    if minutes < 60:
        return _("%(m)d min %(s)d s") % {"m": minutes, "s": rest}
    hours, minutes = divmod(minutes, 60)
    return _("%(h)d h %(m)d min") % {"h": hours, "m": minutes}


@register.simple_tag(takes_context=True)
def ago(context: template.Context, moment: datetime | None) -> SafeString:
    """How long ago, with the exact local time for whoever hovers, reads aloud or prints."""
    if moment is None:
        return format_html("<span>{}</span>", "–")
    now = context.get("now") or localtime()
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.isoformat(),
        date_format(localtime(moment), "DATETIME_FORMAT"),
        _distance((now - moment).total_seconds()),
    )


def _distance(passed: float) -> str:
    if passed < 45:
        return _("just now")
    steps: tuple[tuple[int, Callable[[int], str]], ...] = (
        (86400, lambda n: ngettext("%(n)d day ago", "%(n)d days ago", n)),
        (3600, lambda n: ngettext("%(n)d hour ago", "%(n)d hours ago", n)),
        (60, lambda n: ngettext("%(n)d minute ago", "%(n)d minutes ago", n)),
    )
    for size, text in steps:
        if passed >= size:
            count = int(passed // size)
            return text(count) % {"n": count}
    return ngettext("%(n)d minute ago", "%(n)d minutes ago", 1) % {"n": 1}


@register.simple_tag
def gauge(value: float | None, *, label: str, mark: float | None = None) -> SafeString:
    """A bar from 0 to 100 with an optional mark for the threshold."""
    if value is None:
        return format_html('<span class="quiet">{}</span>', _("not scored"))
    kind = "" if mark is None else "ok" if value >= mark else "bad"
    line = (
        format_html('<line class="mark" x1="{0}" x2="{0}" y1="0" y2="8"></line>', mark * 2) if mark is not None else ""
    )
    return format_html(
        '<svg class="gauge" viewBox="0 0 200 8" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<rect class="track" width="200" height="8" rx="4"></rect>'
        '<rect class="fill {}" width="{}" height="8" rx="4"></rect>{}</svg>',
        _("%(label)s: %(value)d of 100") % {"label": label, "value": round(value)},
        kind,
        max(0.0, min(100.0, float(value))) * 2,
        line,
    )


@register.simple_tag
def waterfall(steps: Sequence[Any], now: datetime) -> SafeString:
    """When each step ran, drawn over the run's whole length. The list beside it says the same in words."""
    timed = [step for step in steps if step.started_at]
    if not timed:
        return SafeString("")
    begin = min(step.started_at for step in timed)
    end = max((step.finished_at or now) for step in timed)
    span = max((end - begin).total_seconds(), 0.001)

    def bar(row: int, step: Any) -> tuple[float, float, float, int, str]:
        left = (step.started_at - begin).total_seconds() / span * LANE_WIDTH
        width = max(((step.finished_at or now) - step.started_at).total_seconds() / span * LANE_WIDTH, 2)
        return (
            round(min(left, LANE_WIDTH - 2), 1),
            row * LANE_HEIGHT + 3,
            round(width, 1),
            LANE_HEIGHT - 6,
            str(step.state),
        )

    height = len(timed) * LANE_HEIGHT
    lanes = format_html_join(
        "",
        '<line class="lane" x1="{0}" x2="{0}" y1="0" y2="{1}"></line>',
        ((x, height) for x in (0, 100, 200, 300, 400)),
    )
    bars = format_html_join(
        "",
        '<rect x="{}" y="{}" width="{}" height="{}" rx="2" class="{}"></rect>',
        (bar(row, step) for row, step in enumerate(timed)),
    )
    return format_html(
        '<svg class="waterfall" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}</svg>',
        LANE_WIDTH,
        height,
        _("Time line of %(n)d steps over %(span)s") % {"n": len(timed), "span": seconds(span)},
        lanes,
        bars,
    )
