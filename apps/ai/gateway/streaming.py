"""An answer handed on while it is written. Fallback happens only before the first piece; afterwards a break is an error."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping
from typing import Any

from apps.ai.errors import InputTooLong, ModelCallFailed, ModelRefused
from apps.ai.gateway import perform, wire
from apps.ai.gateway.breaker import Breaker
from apps.ai.gateway.credentials import Secrets
from apps.ai.gateway.limits import likely_tokens
from apps.ai.gateway.plan import messages_of


class LiveStream:
    """One streamed completion: ``pieces()`` once, then ``response()`` for the settlement."""

    def __init__(self, plan: Mapping[str, Any], secrets: Secrets, *, deadline: float) -> None:
        self._session = perform.Session(plan=plan, secrets=secrets, deadline=deadline, allowance=plan["allowance"])
        self._messages = messages_of(plan)
        self._reply = wire.Reply(text="", finish_reason="")
        self._candidate: Mapping[str, Any] = plan["candidates"][0]
        self._started = time.monotonic()
        self._recorded = False

    def pieces(self) -> Iterator[str]:
        """Text as it arrives. Raises as ``facade.perform`` does."""
        for candidate in self._session.plan["candidates"]:
            breaker = Breaker.of(self._session.breaker_scope, candidate)
            if not breaker.allow() or not self._session.can_afford(candidate):
                continue
            if (yield from self._from(candidate, breaker)):
                return
            if wire.seconds_left(self._session.deadline) < perform.LEAST_TIME_S:
                break
        raise perform.failure_of(self._session)

    def response(self, *, cancelled: bool = False) -> dict[str, Any]:
        """What ``settle`` wants; a stream its reader closed is booked with what was delivered."""
        if cancelled and not self._recorded:
            reply = self._reply
            reply.finish_reason = reply.finish_reason or "cancelled"
            self._note(reply=reply)
        return {
            "text": self._reply.text, "parsed": None, "model": self._candidate["model"],
            "endpoint": self._candidate["endpoint"], "finish_reason": self._reply.finish_reason, "calls": self._session.calls,
        }  # fmt: skip

    def _from(self, candidate: Mapping[str, Any], breaker: Breaker) -> Generator[str, None, bool]:
        self._candidate, self._reply, self._recorded = candidate, wire.Reply(text="", finish_reason=""), False
        self._started = time.monotonic()
        call = perform.call_for(self._session, candidate, self._messages)
        try:
            yield from wire.open_stream(call, self._session.secrets, self._reply)
        except wire.CallFailed as failure:
            self._session.last = failure
            self._note(failure=failure)
            perform.tell(breaker, failure)
            return self._failed(failure)
        breaker.succeeded()
        self._note(reply=self._reply)
        if not self._reply.text.strip():
            self._session.calls[-1]["error"] = "empty_answer"
            self._session.unusable = "the answer was empty"
            return False
        return True

    def _failed(self, failure: wire.CallFailed) -> bool:
        calls = self._session.calls
        if failure.fate == "too_long":
            raise InputTooLong(needed=likely_tokens(self._messages), window=self._candidate["context"]) from failure
        if failure.fate == "blocked":
            raise ModelRefused(reason="content policy", calls=calls) from failure
        if self._reply.text:
            raise ModelCallFailed(reason=failure.code, detail=failure.detail, calls=calls) from failure
        return False

    def _note(self, *, reply: wire.Reply | None = None, failure: wire.CallFailed | None = None) -> None:
        role = "fallback" if self._session.calls else "first"
        perform.record(self._session, self._candidate, self._messages, role=role, started=self._started, reply=reply,
                       failure=failure, streamed=True)  # fmt: skip
        self._recorded = True
