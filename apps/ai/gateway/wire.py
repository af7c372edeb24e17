"""One request to a provider through the official SDK, and what came back in our own words."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import httpx2
import openai
from openai import OpenAI

from apps.ai import conf
from apps.ai.contracts import Message
from apps.ai.gateway.credentials import Secrets
from apps.ai.gateway.limits import clean
from apps.core import outbound

# Small models lose the thread at higher temperatures.
SMALL_TEMPERATURE = 0.3
# Parameters a server may refuse; each is dropped, or renamed, once and the request sent again.
OPTIONAL = ("temperature", "response_format", "stream_options", "max_completion_tokens", "max_tokens")


@dataclass(kw_only=True)
class Reply:
    """An answer as it came: text, why it ended, what it used. ``usage`` empty: the provider reported nothing."""

    text: str
    finish_reason: str
    usage: dict[str, int] = field(default_factory=dict)
    answered_by: str = ""
    request_id: str = ""
    refusal: str = ""


class CallFailed(Exception):
    """One request failed. ``fate`` decides what happens next:

    ``down`` (try elsewhere, counts against the model), ``busy`` (asked to wait ``retry_after`` seconds), ``refused`` (this
    model will never take it), ``too_long``, ``blocked`` (content policy). ``billed``: the provider may have charged for it.
    """

    def __init__(self, fate: str, code: str, *, detail: str = "", retry_after: float | None = None,
                 billed: bool = False, text: str = "") -> None:  # fmt: skip
        super().__init__(detail or code)
        self.fate = fate
        self.code = code
        self.detail = detail
        self.retry_after = retry_after
        self.billed = billed
        self.text = text


@dataclass(frozen=True, kw_only=True)
class Call:
    """What to send: a plan's candidate, messages, and limits. ``timeout_s`` is the total time of the answer; ``seed`` makes the
    bundled model repeatable, so that a demo shows the same thing twice."""

    candidate: Mapping[str, Any]
    messages: tuple[Message, ...]
    temperature: float
    response_schema: Mapping[str, Any] | None
    timeout_s: float
    seed: int | None = None

    def body(self, dropped: frozenset[str] = frozenset()) -> dict[str, Any]:
        """Arguments for the SDK."""
        candidate = self.candidate
        body: dict[str, Any] = {
            "model": candidate["model"],
            "messages": [{"role": turn.role, "content": turn.content} for turn in self.messages],
        }
        limit = "max_completion_tokens" if candidate["official"] else "max_tokens"
        if limit in dropped:
            limit = "max_tokens" if candidate["official"] else "max_completion_tokens"
        body[limit] = candidate["max_tokens"]
        if not candidate["thinks"] and "temperature" not in dropped:
            body["temperature"] = min(self.temperature, SMALL_TEMPERATURE) if candidate["small"] else self.temperature
        if candidate["small"] and self.seed is not None:
            body["seed"] = self.seed
        if self.response_schema is not None and "response_format" not in dropped:
            schema = {"name": "answer", "schema": dict(self.response_schema), "strict": is_strict(self.response_schema)}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        return body


def send(call: Call, secrets: Secrets) -> Reply:
    """Send and wait for the whole answer. Raises ``CallFailed``."""
    with _translated():
        answer = _adapting(call, secrets, {})
        return _reply(answer)


def open_stream(call: Call, secrets: Secrets, reply: Reply) -> Iterator[str]:
    """Yield text as it arrives and fill ``reply``; a stream without a finish reason raises ``CallFailed`` at its end."""
    with _translated(reply):
        stream = _adapting(call, secrets, {"stream": True, "stream_options": {"include_usage": True}})
        with stream:
            for chunk in stream:
                yield from _take_chunk(chunk, reply)
        if not reply.finish_reason:
            raise CallFailed("down", "stream_truncated", billed=True, text=reply.text)


def _take_chunk(chunk: Any, reply: Reply) -> Iterator[str]:
    reply.answered_by = str(getattr(chunk, "model", "") or reply.answered_by)
    if getattr(chunk, "usage", None) is not None:
        reply.usage = read_usage(chunk.usage)
    for choice in getattr(chunk, "choices", None) or ():
        if choice.finish_reason:
            reply.finish_reason = str(choice.finish_reason)
        piece = getattr(choice.delta, "content", None)
        if piece:
            if len(reply.text) + len(piece) > conf.ANSWER_BYTES_MAX:
                raise CallFailed("down", "answer_too_large", billed=True, text=reply.text)
            piece = clean(piece)
            reply.text += piece
            yield piece


def _adapting(call: Call, secrets: Secrets, extra: dict[str, Any]) -> Any:
    """Send; when the server refuses an optional parameter by name, send again without it (nothing was billed)."""
    dropped: frozenset[str] = frozenset()
    client = _client(call.candidate["base_url"], secrets.get(call.candidate["endpoint"]), round(call.timeout_s))
    while True:
        try:
            arguments = {name: value for name, value in extra.items() if name not in dropped}
            return client.chat.completions.create(**call.body(dropped), **arguments)
        except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
            culprit = _culprit(error, dropped)
            if culprit is None:
                raise
            dropped |= {culprit}


def _culprit(error: openai.APIStatusError, dropped: frozenset[str]) -> str | None:
    text = f"{getattr(error, 'param', '') or ''} {error.message}"
    unsupported = any(
        word in text.lower()
        for word in ("unsupported", "not support", "unknown parameter", "unrecognized", "extra inputs")
    )
    if not unsupported and getattr(error, "param", None) not in OPTIONAL:
        return None
    return next((name for name in OPTIONAL if name in text and name not in dropped), None)


@lru_cache(maxsize=32)
def _client(base_url: str, api_key: str, timeout_s: int) -> OpenAI:
    timeout = max(1, timeout_s)
    return OpenAI(
        base_url=base_url,
        api_key=api_key,
        max_retries=0,
        timeout=httpx2.Timeout(timeout, connect=min(timeout, conf.CONNECT_TIMEOUT_S)),
        http_client=outbound.http2_client(
            purpose="ai", timeout=timeout, user_given=False, max_bytes=conf.ANSWER_BYTES_MAX
        ),
    )


def _reply(answer: Any) -> Reply:
    choices = getattr(answer, "choices", None)
    if not choices or getattr(choices[0], "message", None) is None:
        raise CallFailed("down", "malformed_answer", billed=True, detail="no choices in the answer")
    choice = choices[0]
    reply = Reply(
        text=choice.message.content or "",
        finish_reason=str(choice.finish_reason or ""),
        usage=read_usage(getattr(answer, "usage", None)),
        answered_by=str(getattr(answer, "model", "") or ""),
        request_id=str(getattr(answer, "_request_id", "") or ""),
        refusal=str(getattr(choice.message, "refusal", "") or ""),
    )
    if not reply.finish_reason:
        raise CallFailed("down", "answer_truncated", billed=True, text=reply.text)
    return reply


def read_usage(usage: Any) -> dict[str, int]:
    """Token counts as non-negative integers; parts never exceed their whole. Empty when nothing usable was
    reported."""
    if usage is None:
        return {}
    prompt, completion = _count(usage, "prompt_tokens"), _count(usage, "completion_tokens")
    if not prompt:  # every prompt has tokens: such counts are made up
        return {}
    asked, written = getattr(usage, "prompt_tokens_details", None), getattr(usage, "completion_tokens_details", None)
    cached = min(_count(asked, "cached_tokens"), prompt)
    return {
        "prompt": prompt,
        "cached": cached,
        "cache_write": min(_count(asked, "cache_write_tokens"), prompt - cached),
        "completion": completion,
        "reasoning": min(_count(written, "reasoning_tokens"), completion),
    }


def _count(source: Any, name: str) -> int:
    value = getattr(source, name, 0)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 100_000_000 else 0


@contextmanager
def _translated(reply: Reply | None = None) -> Iterator[None]:
    try:
        yield
    except CallFailed:
        raise
    except openai.APIStatusError as error:
        raise _from_status(error) from error
    except (openai.APIConnectionError, httpx2.HTTPError, outbound.OutboundRefused, outbound.OutboundFailed) as error:
        raise _from_connection(error, reply) from error
    except httpx2.InvalidURL as error:
        raise CallFailed("refused", "address_refused", detail=str(error)) from error
    except (openai.OpenAIError, ValueError, TypeError, AttributeError, KeyError) as error:
        # The SDK lets JSON and validation errors of a garbled answer through as they are.
        raise CallFailed("down", "malformed_answer", billed=True, detail=type(error).__name__) from error


def _from_status(error: openai.APIStatusError) -> CallFailed:
    code = f"http_{error.status_code}"
    detail = f"{error.status_code} {getattr(error, 'code', '') or ''} {error.message}"[:300]
    reason = f"{getattr(error, 'code', '') or ''} {error.message}".lower()
    if error.status_code == 429:
        if "insufficient_quota" in reason:
            return CallFailed("refused", "insufficient_quota", detail=detail)
        return CallFailed("busy", code, detail=detail, retry_after=_retry_after(error))
    if error.status_code in (408, 409) or error.status_code >= 500:
        return CallFailed("down", code, detail=detail, retry_after=_retry_after(error))
    if error.status_code == 400 and any(
        word in reason for word in ("context_length", "context size", "context length", "exceeds the available")
    ):
        return CallFailed("too_long", "context_length", detail=detail)
    if error.status_code == 400 and any(
        word in reason for word in ("content_filter", "content_policy", "content management")
    ):
        return CallFailed("blocked", "content_filter", detail=detail)
    return CallFailed("refused", code, detail=detail)


def _from_connection(error: Exception, reply: Reply | None) -> CallFailed:
    chain: BaseException | None = error
    while chain is not None:
        if isinstance(chain, outbound.OutboundRefused):
            return CallFailed("refused", "address_refused", detail=str(chain))
        if isinstance(chain, outbound.OutboundFailed) and "larger than" in chain.detail:
            return CallFailed("down", "answer_too_large", billed=True, text=reply.text if reply else "")
        chain = chain.__cause__
    if isinstance(error, openai.APITimeoutError | httpx2.TimeoutException | outbound.OutboundTimedOut):
        connecting = isinstance(error.__cause__, httpx2.ConnectTimeout)
        return CallFailed("down", "timeout", billed=not connecting, text=reply.text if reply else "")
    started = reply is not None and bool(reply.text)
    return CallFailed("down", "connection_failed", detail=str(error.__cause__ or error)[:300], billed=started,
                      text=reply.text if reply else "")  # fmt: skip


def _retry_after(error: openai.APIStatusError) -> float | None:
    headers = error.response.headers
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) / unit
        except ValueError:
            continue
        if 0 <= seconds < 3600:
            return seconds
    return None


def is_strict(schema: Mapping[str, Any]) -> bool:
    """Whether a schema meets the rules of the vendor's strict mode: every property required, nothing else allowed."""
    if schema.get("type") == "object":
        properties = schema.get("properties", {})
        if schema.get("additionalProperties") is not False or set(schema.get("required", ())) != set(properties):
            return False
        return all(is_strict(part) for part in properties.values())
    if schema.get("type") == "array" and isinstance(schema.get("items"), Mapping):
        return is_strict(schema["items"])
    return "anyOf" not in schema or all(is_strict(part) for part in schema["anyOf"])


def seconds_left(deadline: float) -> float:
    """Seconds until ``deadline`` (``time.monotonic()``)."""
    return deadline - time.monotonic()
