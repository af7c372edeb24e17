"""What may be done about an effect, by its class and by what is known of it: rules R1-R5 as pure functions."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from apps.workflows.core.taxonomy import Failure, FailureKind

KEY_WINDOW_SHARE = 0.8
QUIESCENCE_MARGIN_S = 30.0


class Move(StrEnum):
    """SEND: transmit (again) under the same key. FIND: ask the provider whether it happened. REVIEW: a person decides.
    RETRY: record a failed attempt and let the retry policy decide. WAIT: not before ``at``."""

    SEND = "send"
    FIND = "find"
    REVIEW = "review"
    RETRY = "retry"
    WAIT = "wait"


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """The next move; ``at`` in seconds since the epoch for WAIT."""

    move: Move
    at: float = 0.0
    waste: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class EffectFacts:
    """What the rules look at. Times in seconds since the epoch by the database's clock."""

    effect_class: str
    state: str
    first_sent_at: float | None
    sent_at: float | None
    key_window_s: float
    timeout_s: float
    quiescence_s: float
    resend_when_unknown: bool
    can_find: bool


def effect_key(*, tenant: int, run: str, path: str, loop_index: int, ordinal: int, generation: int) -> str:
    """The idempotency key. Never attempt, fence, time or model output: the same intention always has the same key."""
    text = f"{tenant}\n{run}\n{path}\n{loop_index}\n{ordinal}\n{generation}"
    return hashlib.sha256(text.encode()).hexdigest()[:48]


def request_digest(text: str) -> str:
    """SHA-256 of the frozen request."""
    return hashlib.sha256(text.encode()).hexdigest()


def next_move(facts: EffectFacts, *, now: float) -> Plan:
    """What to do with an effect that must be (re)attempted now, in any state short of succeeded."""
    if facts.state in ("intended", "failed"):
        return Plan(move=Move.SEND)
    if facts.effect_class == "metered":
        return Plan(move=Move.SEND, waste=True)
    if facts.effect_class == "keyed" and _inside_window(facts, now):
        return Plan(move=Move.SEND)
    if facts.effect_class in ("keyed", "lookup") and facts.can_find:
        quiet_at = (facts.sent_at or now) + facts.timeout_s + facts.quiescence_s
        return Plan(move=Move.FIND) if now >= quiet_at else Plan(move=Move.WAIT, at=quiet_at)
    if facts.effect_class == "blind" and facts.resend_when_unknown:
        return Plan(move=Move.SEND)
    return Plan(move=Move.REVIEW)


def _inside_window(facts: EffectFacts, now: float) -> bool:
    return facts.first_sent_at is not None and now < facts.first_sent_at + KEY_WINDOW_SHARE * facts.key_window_s


def state_after(failure: Failure) -> str:
    """What is known of an effect after an attempt failed this way: ``failed`` means it certainly did not happen."""
    return "unknown" if failure.kind in (FailureKind.UNKNOWN, FailureKind.POISON) else "failed"


def may_retry(effect_class: str, failure: Failure, *, resend_when_unknown: bool) -> bool:
    """Whether the engine may try again by itself. A blind effect of unknown outcome never is, unless its owner opted in."""
    if effect_class == "blind" and state_after(failure) == "unknown":
        return resend_when_unknown
    return True


def payload_digest(step_type: str, request: str) -> str:
    """SHA-256 of what people decide about: the step type and the exact rendered request, connection and recipients included.

    The database computes the same in the trigger that guards sending (migration 0011).
    """
    return hashlib.sha256(f"{step_type}\n{request}".encode()).hexdigest()
