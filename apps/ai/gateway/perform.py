"""``perform``: get a usable answer out of the plan's candidates. Network only; every request is kept for the bill."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

from apps.ai import conf
from apps.ai.contracts import Message
from apps.ai.errors import InputTooLong, ModelCallFailed, ModelRefused, NoModelAvailable, UnusableAnswer
from apps.ai.gateway import answers, wire
from apps.ai.gateway.breaker import Breaker
from apps.ai.gateway.credentials import Secrets
from apps.ai.gateway.limits import likely_tokens, text_tokens
from apps.ai.gateway.plan import messages_of

logger = logging.getLogger(__name__)

# Waits inside one ``perform``: longer ones are the engine's, which keeps no thread busy meanwhile.
LONGEST_WAIT_S = 4.0
SAME_MODEL_TRIES = 2
LEAST_TIME_S = 0.5


@dataclass
class Session:
    """The requests of one ``perform``: how much money is left, which were sent, how the last one failed."""

    plan: Mapping[str, Any]
    secrets: Secrets
    deadline: float
    allowance: int
    calls: list[dict[str, Any]] = field(default_factory=list)
    last: wire.CallFailed | None = None
    paused_s: float | None = None
    unusable: str = ""

    @property
    def breaker_scope(self) -> str:
        """Breakers are per tenant: a tenant's own key may be the reason."""
        return str(self.plan["tenant"])

    def can_afford(self, candidate: Mapping[str, Any]) -> bool:
        """Whether one more request to this model stays inside what was set aside."""
        return bool(candidate["bound"] <= self.allowance)


def perform(plan: Mapping[str, Any], secrets: Secrets, *, deadline: float) -> dict[str, Any]:
    """See ``facade.perform``."""
    session = Session(plan=plan, secrets=secrets, deadline=deadline, allowance=plan["allowance"])
    if plan["kind"] == "review":
        from apps.ai.quality import voting

        return voting.judge(plan, session)
    answer = ask(session, messages_of(plan), role="first")
    return answer | {"calls": session.calls}


def ask(session: Session, messages: tuple[Message, ...], *, role: str) -> dict[str, Any]:
    """One usable answer: over the candidates in order, skipping paused ones. Raises as ``perform`` does."""
    candidates = session.plan["candidates"]
    for number, candidate in enumerate(candidates):
        breaker = Breaker.of(session.breaker_scope, candidate)
        if not breaker.allow():
            session.paused_s = min(session.paused_s or conf.RESERVATION_LIFE_S, breaker.opens_in_s())
            continue
        is_last = number == len(candidates) - 1
        answer = _ask_one(
            session, candidate, breaker, messages, role=role if not session.calls else "fallback", is_last=is_last
        )
        if answer is not None:
            return answer
        if wire.seconds_left(session.deadline) < LEAST_TIME_S:
            break
    raise failure_of(session)


def _ask_one(session: Session, candidate: Mapping[str, Any], breaker: Breaker, messages: tuple[Message, ...], *, role: str,
             is_last: bool) -> dict[str, Any] | None:  # fmt: skip
    repaired = False
    tries = 0
    while session.can_afford(candidate) and wire.seconds_left(session.deadline) >= LEAST_TIME_S:
        tries += 1
        reply = send_once(session, candidate, breaker, messages, role=role)
        if reply is None:
            if not (is_last and tries < SAME_MODEL_TRIES and _may_try_again(session)):
                return None
            role = "retry"
            continue
        verdict = answers.read(reply, session.plan["request"]["response_schema"])
        if verdict.usable:
            return {"text": verdict.text, "parsed": verdict.parsed, "model": candidate["model"],
                    "endpoint": candidate["endpoint"], "finish_reason": reply.finish_reason}  # fmt: skip
        session.calls[-1]["error"] = verdict.problem
        session.unusable = verdict.explanation
        if repaired or verdict.final:
            return None
        repaired, role = True, "repair"
        messages = answers.ask_again(messages, reply.text, verdict)
    return None


def send_once(session: Session, candidate: Mapping[str, Any], breaker: Breaker, messages: tuple[Message, ...], *, role: str,
              send: Callable[[wire.Call, Secrets], wire.Reply] = wire.send) -> wire.Reply | None:  # fmt: skip
    """Send one request and put it on record; None when it failed (``session.last`` says how)."""
    call = call_for(session, candidate, messages)
    started = time.monotonic()
    try:
        reply = send(call, session.secrets)
    except wire.CallFailed as failure:
        session.last = failure
        record(session, candidate, messages, role=role, started=started, failure=failure)
        tell(breaker, failure)
        if failure.fate == "too_long":
            raise InputTooLong(needed=likely_tokens(messages), window=candidate["context"]) from failure
        if failure.fate == "blocked":
            raise ModelRefused(reason="content policy", calls=session.calls) from failure
        return None
    breaker.succeeded()
    record(session, candidate, messages, role=role, started=started, reply=reply)
    return reply


def call_for(session: Session, candidate: Mapping[str, Any], messages: tuple[Message, ...]) -> wire.Call:
    """The request to one candidate, within what is left of the time."""
    timeout = min(conf.call_timeout_s(), wire.seconds_left(session.deadline))
    return wire.Call(candidate=candidate, messages=messages, temperature=session.plan["request"]["temperature"],
                     response_schema=session.plan["request"]["response_schema"], timeout_s=timeout,
                     seed=crc32(f"{session.plan['attribution']['step_path']}:{len(session.calls)}".encode()))  # fmt: skip


def record(session: Session, candidate: Mapping[str, Any], messages: tuple[Message, ...], *, role: str, started: float,
           reply: wire.Reply | None = None, failure: wire.CallFailed | None = None, streamed: bool = False) -> None:  # fmt: skip
    """Note one request. Where the provider reported no usage but may bill, tokens are counted by us and marked so."""
    usage = reply.usage if reply else {}
    billed = reply is not None or bool(failure and failure.billed)
    text = reply.text if reply else (failure.text if failure else "")
    estimated = billed and not usage
    if estimated:
        usage = {
            "prompt": likely_tokens(messages),
            "cached": 0,
            "cache_write": 0,
            "completion": text_tokens(text),
            "reasoning": 0,
        }
    session.calls.append({
        "role": role, "endpoint": candidate["endpoint"], "prices": candidate["prices"], "model": candidate["model"],
        "answered_by": reply.answered_by if reply else "", "request_id": reply.request_id if reply else "",
        "ok": failure is None, "error": failure.code if failure else "", "usage": usage, "estimated": estimated,
        "billed": billed, "latency_ms": round((time.monotonic() - started) * 1000),
        "finish_reason": reply.finish_reason if reply else "", "streamed": streamed,
    })  # fmt: skip
    if billed:
        # What an answered request really took is known; one that broke off counts in full.
        session.allowance -= candidate["bound"] if estimated else min(candidate["bound"], _spent(session.calls[-1]))


def _spent(call: Mapping[str, Any]) -> int:
    from apps.ai.gateway.settlement import price_of

    return price_of(call).charge_micros


def tell(breaker: Breaker, failure: wire.CallFailed) -> None:
    """Report a failed request to the breaker; one that is the request's own fault does not count."""
    if failure.fate == "busy":
        breaker.rest(failure.retry_after if failure.retry_after is not None else 5.0)
    elif failure.fate in ("down", "refused"):
        breaker.failed()
    else:
        breaker.succeeded()


def _may_try_again(session: Session) -> bool:
    failure = session.last
    if failure is None or failure.fate not in ("down", "busy") or failure.code == "answer_too_large":
        return False
    wait = failure.retry_after if failure.retry_after is not None else random.uniform(0.2, 1.0)  # noqa: S311 - jitter
    if wait > min(LONGEST_WAIT_S, wire.seconds_left(session.deadline) - LEAST_TIME_S):
        return False
    time.sleep(wait)
    return True


def failure_of(session: Session) -> ModelCallFailed | NoModelAvailable:
    """The error that says best why no request of the session gave a usable answer."""
    last = session.last
    if session.unusable and (last is None or not session.calls or session.calls[-1]["ok"]):
        return UnusableAnswer(reason=session.unusable, calls=session.calls)
    if last is None:
        if not session.calls and session.paused_s is not None:
            return NoModelAvailable(retry_after=max(1.0, session.paused_s))
        return ModelCallFailed(reason="no time or money left for a request", calls=session.calls)
    if last.fate == "refused":
        logger.warning("provider refused the request", extra={"reason": last.detail})
        return ModelRefused(reason=last.code, detail=last.detail, calls=session.calls)
    return ModelCallFailed(reason=last.code, detail=last.detail, retry_after=last.retry_after, calls=session.calls)
