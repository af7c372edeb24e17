"""Typed settings of the gateway, read from the project's settings at call time so that tests can override them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

OPENAI_URL = "https://api.openai.com/v1"


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One address that speaks the OpenAI protocol. ``prices`` names whose price list applies ("" = unknown, "free" = own
    hardware); ``models`` limits it to some ids when not empty."""

    name: str
    base_url: str
    api_key: str = field(repr=False, default="")
    prices: str = ""
    official: bool = False


def _secret(value: Any) -> str:
    return value.get_secret_value() if hasattr(value, "get_secret_value") else (value or "")


def setting(name: str, default: Any) -> Any:
    """``settings.<NAME>`` when set (tests, deployments), else the environment's field of that name, else ``default``."""
    if hasattr(settings, name):
        return getattr(settings, name)
    value = getattr(getattr(settings, "ENV", None), name.lower(), None)
    return default if value is None else value


def endpoints() -> tuple[Endpoint, ...]:
    """Configured providers in order of preference: the main one, its stand-in, the bundled model."""
    found = []
    key = _secret(setting("OPENAI_API_KEY", ""))
    url = setting("OPENAI_BASE_URL", None)
    if key or url:
        official = url is None or url.rstrip("/") == OPENAI_URL
        prices = "openai" if official else setting("OPENAI_PRICES", "")
        found.append(Endpoint(name="openai", base_url=url or OPENAI_URL, api_key=key, prices=prices, official=official))
    stand_in = setting("OPENAI_FALLBACK_BASE_URL", None)
    if stand_in:
        found.append(
            Endpoint(
                name="stand-in",
                base_url=stand_in,
                api_key=_secret(setting("OPENAI_FALLBACK_API_KEY", "")),
                prices=setting("OPENAI_PRICES", ""),
            )
        )
    local = setting("LOCAL_MODEL_URL", None)
    if local:
        found.append(Endpoint(name="local", base_url=local, prices="free"))
    return tuple(found)


# Longest wait for one answer, and for a first connection, in seconds.
def call_timeout_s() -> float:
    """Longest wait for one model answer, in seconds."""
    return float(setting("AI_CALL_TIMEOUT_S", 90.0))


CONNECT_TIMEOUT_S = 5.0
# Most bytes read of one answer. The largest honest answer (128,000 tokens) is under a megabyte.
ANSWER_BYTES_MAX = 4 * 1024 * 1024
# Largest accepted response schema, in bytes of JSON.
SCHEMA_BYTES_MAX = 64 * 1024
# Largest accepted input, in characters, whatever the model's window.
INPUT_CHARS_MAX = 2_000_000
MESSAGES_MAX = 200
# Set aside per million tokens when a model's price is unknown (dearer than any listed chat model's).
UNPRICED_INPUT_MICROS_PER_M = 10_000_000
UNPRICED_OUTPUT_MICROS_PER_M = 50_000_000
# A reservation nobody settled is given back after this long, unless its owner says the effect is still under way.
RESERVATION_LIFE_S = 2 * 60 * 60
# Part of a ``downgrade`` budget after which cheaper models answer, in percent.
DOWNGRADE_AT_PERCENT = 80
# The judge is suspended when people agree with it less often than this, over at least so many labels.
AGREEMENT_MIN_PERCENT = 75
AGREEMENT_MIN_LABELS = 20
