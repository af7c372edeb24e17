"""One rate budget per account at an outside service, shared by every process and tenant that talks to it.

A virtual scheduler (GCRA, ITU-T I.371: one number per account) lives in the broker. It lets at most ``burst + rate * window``
calls into any window, which stays under the service's allowance even when the broker is flushed once within a window, or when
some processes fall back to the database at the same time: 20 + 120 + 5 + 32 = 177 of Notion's 180 calls a minute.
"""

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import redis
from django.conf import settings
from django.db import connection

from apps.connectors.clock import Clock
from apps.connectors.conf import timing
from apps.connectors.contracts import RateReading, RateRule
from apps.connectors.errors import RateLimited

logger = logging.getLogger(__name__)
BROKER_REST_S = 5.0

SCRIPT = """
local free = tonumber(redis.call('HGET', KEYS[1], 'free') or '0')
local blocked = tonumber(redis.call('HGET', KEYS[1], 'blocked') or '0')
local now, interval, slack, ttl = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
if blocked > now then return tostring(blocked - now) end
local start = math.max(free, now)
if start - now > slack then return tostring(start - now - slack) end
redis.call('HSET', KEYS[1], 'free', string.format('%.6f', start + interval))
redis.call('EXPIRE', KEYS[1], ttl)
return '0'
"""
SQL = """
INSERT INTO connectors_ratebucket AS bucket (key, free_at, blocked_until) VALUES (%(key)s, %(now)s + %(interval)s, 0)
ON CONFLICT (key) DO UPDATE SET free_at = GREATEST(bucket.free_at, %(now)s) + %(interval)s
WHERE bucket.blocked_until <= %(now)s AND GREATEST(bucket.free_at, %(now)s) - %(now)s <= %(slack)s
RETURNING 0
"""
BLOCK = """
INSERT INTO connectors_ratebucket AS bucket (key, free_at, blocked_until) VALUES (%(key)s, 0, %(until)s)
ON CONFLICT (key) DO UPDATE SET blocked_until = GREATEST(bucket.blocked_until, %(until)s)
"""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Calls that may come at once, and per second after that."""

    burst: int
    rate: float

    def most_in(self, window_s: float) -> float:
        """The most calls any window of that length can hold."""
        return self.burst + self.rate * window_s


def shared_pace(rule: RateRule) -> Pace:
    """The pace while the broker keeps the count: two thirds of the allowance, and a small burst."""
    return Pace(burst=max(1, rule.calls // 9), rate=rule.calls * 2 / 3 / rule.window_s)


def fallback_pace(rule: RateRule) -> Pace:
    """The pace while the database keeps the count, small enough to be spent beside the other."""
    return Pace(burst=max(1, rule.calls // 36), rate=rule.calls * 0.18 / rule.window_s)


@cache
def _broker() -> redis.Redis:
    return redis.Redis.from_url(str(settings.CACHES["default"]["LOCATION"]), socket_timeout=1, socket_connect_timeout=1)


def acquire(*, key: str, rule: RateRule, clock: Clock, wait_s: float | None = None) -> None:
    """Take the right to make one call, waiting up to ``wait_s`` (default: conf) for it.

    Raises ``RateLimited`` with ``retry_after`` when the wait would be longer.
    """
    patience = timing().short_wait_s if wait_s is None else wait_s
    until = clock.now().timestamp() + patience
    while (wait := _try(key, rule, clock.now())) > 0:
        if clock.now().timestamp() + wait > until:
            raise RateLimited(retry_after=wait, detail=f"budget of {key} is used up for {wait:.1f} s")
        clock.sleep(wait)


def reading(*, key: str, rule: RateRule, clock: Clock) -> RateReading:
    """How many of the calls that may come at once are used at this moment; takes none."""
    now = clock.now().timestamp()
    pace = shared_pace(rule)
    found = _on_broker("read", lambda broker: broker.hmget(_name(key), ["free", "blocked"]))
    if found is None:
        pace = fallback_pace(rule)
        with connection.cursor() as cursor:
            cursor.execute("SELECT free_at, blocked_until FROM connectors_ratebucket WHERE key = %s", [key])
            found = cursor.fetchone() or (0.0, 0.0)
    free_at, blocked_until = (float(value or 0) for value in found)
    waiting = math.ceil(max(0.0, free_at - now) * pace.rate)
    return RateReading(
        allowance=rule.calls, per_minute=round(pace.rate * 60), burst=pace.burst, used=min(pace.burst, waiting),
        blocked_s=max(0.0, blocked_until - now), window_s=rule.window_s,
    )  # fmt: skip


def block(*, key: str, seconds: float, clock: Clock) -> None:
    """Nobody calls this account for a while: the service said so."""
    now = clock.now().timestamp()
    _on_broker(
        "block",
        lambda broker: (
            broker.hset(_name(key), "blocked", f"{now + seconds:.6f}")
            and broker.expire(_name(key), int(seconds) + 3600)
        ),
    )
    with connection.cursor() as cursor:
        cursor.execute(BLOCK, {"key": key, "until": now + seconds})


def _try(key: str, rule: RateRule, now: datetime) -> float:
    """0 when the call may be made now, else the seconds to wait."""
    pace = shared_pace(rule)
    arguments: list[str | int] = [
        f"{now.timestamp():.6f}",
        f"{1 / pace.rate:.6f}",
        f"{(pace.burst - 1) / pace.rate:.6f}",
        86_400,
    ]
    answer = _on_broker("acquire", lambda broker: broker.eval(SCRIPT, 1, _name(key), *arguments))
    return float(answer) if answer is not None else _try_database(key, rule, now.timestamp())


def _try_database(key: str, rule: RateRule, now: float) -> float:
    pace = fallback_pace(rule)
    slack = (pace.burst - 1) / pace.rate
    with connection.cursor() as cursor:
        cursor.execute(SQL, {"key": key, "now": now, "interval": 1 / pace.rate, "slack": slack})
        if cursor.fetchone() is not None:
            return 0.0
        cursor.execute("SELECT free_at, blocked_until FROM connectors_ratebucket WHERE key = %s", [key])
        free_at, blocked_until = cursor.fetchone() or (0.0, 0.0)
    return max(0.01, blocked_until - now, free_at - now - slack)


class _Rest:
    """When this process may ask the broker again after it was away."""

    until = 0.0


def _on_broker(what: str, call: Callable[[redis.Redis], Any]) -> Any:
    """The broker's answer, or None when it is away; it is then left alone for a few seconds."""
    if time.monotonic() < _Rest.until:
        return None
    try:
        return call(_broker())
    except redis.RedisError as error:
        _Rest.until = time.monotonic() + BROKER_REST_S
        logger.warning(
            "rate budget falls back to the database", extra={"operation": what, "reason": type(error).__name__}
        )
        return None


def _name(key: str) -> str:
    return f"connectors:budget:{key}"
