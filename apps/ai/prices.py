"""What a call costs, from the dated price list bundled with the genai-prices package. Integer micro-dollars out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from importlib.metadata import version

from genai_prices import Usage, calc_price

from apps.ai import conf

MICROS = Decimal(1_000_000)
FREE = "free"


@dataclass(frozen=True, kw_only=True)
class TokenCounts:
    """Tokens of one call; ``cached`` and ``cache_write`` are parts of ``prompt``, reasoning is part of ``completion``."""

    prompt: int = 0
    cached: int = 0
    completion: int = 0
    cache_write: int = 0


@dataclass(frozen=True, kw_only=True)
class Price:
    """``micros`` None: the price is unknown, which is not zero. ``charge_micros`` is what budgets count in that case."""

    micros: int | None
    charge_micros: int
    version: str


@lru_cache(maxsize=1)
def price_version() -> str:
    """Name of the price list in use, e.g. ``genai-prices 0.2.3``; the release fixes the prices it contains."""
    return f"genai-prices {version('genai-prices')}"


def price_call(*, prices: str, model: str, tokens: TokenCounts, at: datetime | None = None) -> Price:
    """Price one finished call, rounded half-even to a micro-dollar.

    ``prices`` is the list's provider id, ``free`` for our own hardware, or empty when nobody's list applies. Unknown model
    or list: ``micros`` is None and the charge follows the configured ceiling.
    """
    if prices == FREE:
        return Price(micros=0, charge_micros=0, version=FREE)
    total = _listed(prices=prices, model=model, tokens=tokens, at=at)
    if total is None:
        return Price(micros=None, charge_micros=_ceiling(tokens), version="unpriced")
    micros = int((total * MICROS).to_integral_value(ROUND_HALF_EVEN))
    return Price(micros=micros, charge_micros=micros, version=price_version())


@lru_cache(maxsize=4096)
def highest_cost(*, prices: str, model: str, prompt_tokens: int, max_output_tokens: int) -> int:
    """The most one call can be charged, in micro-dollars: nothing cached, the whole output used, rounded up.

    Remembered per process, so callers round ``prompt_tokens`` up to a coarse step.
    """
    if prices == FREE:
        return 0
    tokens = TokenCounts(prompt=prompt_tokens, completion=max_output_tokens)
    listed = _listed(prices=prices, model=model, tokens=tokens, at=None)
    if listed is None:
        return _ceiling(tokens)
    written = _listed(
        prices=prices,
        model=model,
        tokens=TokenCounts(prompt=prompt_tokens, cache_write=prompt_tokens, completion=max_output_tokens),
        at=None,
    )
    return int((max(listed, written or listed) * MICROS).to_integral_value(ROUND_CEILING))


def _listed(*, prices: str, model: str, tokens: TokenCounts, at: datetime | None) -> Decimal | None:
    if not prices:
        return None
    counts = {"input_tokens": tokens.prompt, "cache_read_tokens": tokens.cached, "output_tokens": tokens.completion}
    if tokens.cache_write:
        counts["cache_write_tokens"] = tokens.cache_write
    try:
        return calc_price(Usage(**counts), model, provider_id=prices, genai_request_timestamp=at).total_price
    except (LookupError, ValueError):
        return None


def _ceiling(tokens: TokenCounts) -> int:
    cost = tokens.prompt * conf.UNPRICED_INPUT_MICROS_PER_M + tokens.completion * conf.UNPRICED_OUTPUT_MICROS_PER_M
    return -(-cost // 1_000_000)
