"""Prices per million tokens as the bundled list has them, with its source."""

from dataclasses import dataclass
from decimal import Decimal

from genai_prices import Usage, calc_price

from apps.ai.prices import FREE, MICROS, price_version

SAMPLE = 1000  # tokens; below every price step for long inputs
PER_MILLION = Decimal(1_000_000) / SAMPLE


@dataclass(frozen=True, kw_only=True)
class ListedPrice:
    """Micro-dollars per million tokens; None where the list has no price. ``note`` and ``source`` are the list's own words."""

    input_micros: int | None
    cached_micros: int | None
    output_micros: int | None
    note: str = ""
    source: str = ""
    is_free: bool = False


def price_list_version() -> str:
    """Name and release of the list."""
    return price_version()


def listed_price(model: str, *, provider: str) -> ListedPrice:
    """The price of a model at its vendor. Models on our own hardware are free; an unknown one has no prices, not zeros."""
    if provider == "local":
        return ListedPrice(input_micros=0, cached_micros=0, output_micros=0, note=FREE, is_free=True)
    try:
        found = calc_price(Usage(input_tokens=SAMPLE, output_tokens=SAMPLE), model, provider_id=provider)
        cached = calc_price(Usage(input_tokens=SAMPLE, cache_read_tokens=SAMPLE), model, provider_id=provider)
    except (LookupError, ValueError):
        return ListedPrice(input_micros=None, cached_micros=None, output_micros=None)
    urls = found.provider.pricing_urls or []
    return ListedPrice(
        input_micros=_micros(found.input_price),
        cached_micros=_micros(cached.input_price),
        output_micros=_micros(found.output_price),
        note=found.model.price_comments or "",
        source=urls[0] if urls else "",
    )


def _micros(price: Decimal) -> int:
    return int(price * PER_MILLION * MICROS)
