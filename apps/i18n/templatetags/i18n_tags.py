"""Numbers, money, dates and spans of time by the rules of the reader's language (Unicode CLDR, through Babel).

What stands between words of another direction is wrapped in ``<bdi>``, so that ``$5.80`` never turns into ``5.80$``.
"""

from datetime import date, datetime
from decimal import Decimal

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_compact_decimal, format_decimal, format_percent
from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import get_current_timezone, is_aware, localtime, now
from django.utils.translation import get_language, to_locale

from apps.core.money import Money

register = template.Library()


def babel_locale() -> str:
    """CLDR's name of the active language; English when CLDR does not know it."""
    try:
        return str(Locale.parse(to_locale(get_language() or "en")))
    except (UnknownLocaleError, ValueError):
        return "en"


@register.filter
def money(amount: Money) -> SafeString:
    """An exact amount in its currency, always with two decimals: ``1.234,50 €``."""
    return format_html("<bdi>{}</bdi>", amount.format(babel_locale()))


@register.filter
def number(value: float | Decimal) -> SafeString:
    """A number with the separators of the language: ``12,34,567`` in Hindi."""
    return format_html("<bdi>{}</bdi>", format_decimal(value, locale=babel_locale()))


@register.filter
def compact(value: int) -> SafeString:
    """A large number in few characters: ``12K``."""
    return format_html("<bdi>{}</bdi>", format_compact_decimal(value, locale=babel_locale(), fraction_digits=1))


@register.filter
def percent(share: float | Decimal) -> SafeString:
    """A share between 0 and 1 as a percentage."""
    return format_html("<bdi>{}</bdi>", format_percent(share, locale=babel_locale()))


@register.filter
def day(value: date | datetime) -> SafeString:
    """A date in words of medium length, as ``<time>``."""
    moment = localtime(value) if isinstance(value, datetime) and is_aware(value) else value
    return format_html(
        '<time datetime="{}">{}</time>', moment.isoformat(), format_date(moment, format="medium", locale=babel_locale())
    )


@register.filter
def moment(value: datetime) -> SafeString:
    """Date and time of day in the reader's time zone, as ``<time>``."""
    shown = format_datetime(value, format="medium", tzinfo=get_current_timezone(), locale=babel_locale())
    return format_html('<time datetime="{}"><bdi>{}</bdi></time>', value.isoformat(), shown)


@register.filter
def ago(value: datetime) -> SafeString:
    """How long ago, or in how long: ``hace 3 minutos``; the exact time stands in ``title``."""
    distance = format_timedelta(value - now(), add_direction=True, locale=babel_locale(), threshold=1.2)
    exact = format_datetime(value, format="medium", tzinfo=get_current_timezone(), locale=babel_locale())
    return format_html('<time datetime="{}" title="{}">{}</time>', value.isoformat(), exact, distance)
