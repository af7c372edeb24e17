"""Step types that call the provider double, one for each class of effect."""

import os
import threading
import time
from collections.abc import Mapping
from typing import Any

import httpx

from apps.workflows.contracts import EffectFailed, RetryPolicy, StepContext, StepHandler, StepResult, UsageLine
from apps.workflows.core.taxonomy import FailureKind, classify_status
from apps.workflows.enums import EffectClass

_client: list[httpx.Client] = []
_lock = threading.Lock()


def client() -> httpx.Client:
    """One client for all threads, opened when first needed."""
    with _lock:
        if not _client:
            _client.append(httpx.Client(trust_env=False, limits=httpx.Limits(max_connections=None, keepalive_expiry=2)))
        return _client[0]


def close() -> None:
    """Close the connections, at the end of a test session."""
    while _client:
        _client.pop().close()


def base_url() -> str:
    """Address of the double."""
    return os.environ["EFFECTS_URL"]


def call(
    method: str, path: str, *, deadline: float, body: Mapping[str, Any] | None = None, key: str = ""
) -> Mapping[str, Any]:
    """One request over real HTTP; failures are classified by status, garbled answers leave the outcome open."""
    response = client().request(
        method,
        base_url() + path,
        json=body,
        timeout=max(0.05, deadline - time.monotonic()),
        headers={"Idempotency-Key": key} if key else {},
    )
    failure = classify_status(response.status_code, retry_after=response.headers.get("retry-after"))
    if failure is not None:
        raise EffectFailed(
            failure.kind, failure.code, failure.message, retry_after=failure.retry_after, status=failure.status
        )
    try:
        return dict(response.json())
    except ValueError:
        raise EffectFailed(FailureKind.UNKNOWN, "garbled_answer", "The answer is not JSON.") from None


class ProviderStep(StepHandler):
    """What the four have in common: ``with.reference`` names the effect."""

    endpoint = ""
    timeout_s = 3.0
    handles_dry_run = True
    retry = RetryPolicy(max_attempts=12, base_s=0.05, cap_s=0.5)

    def prepare(self, ctx: StepContext) -> Mapping[str, Any]:
        return {"reference": ctx.config["reference"], "delay_ms": ctx.config.get("delay_ms", 0)}

    def perform(self, request: Mapping[str, Any], secrets: object, *, key: str, deadline: float) -> Mapping[str, Any]:
        return call("POST", f"/{self.endpoint}", deadline=deadline, body=request, key=key)


class KeyedStep(ProviderStep):
    """Honours the idempotency key."""

    type, endpoint, effect = "test.keyed", "keyed", EffectClass.KEYED


class LookupStep(ProviderStep):
    """No key, but its outcome can be asked for."""

    type, endpoint, effect = "test.lookup", "lookup", EffectClass.LOOKUP

    def find(
        self, request: Mapping[str, Any], secrets: object, *, key: str, deadline: float
    ) -> Mapping[str, Any] | None:
        try:
            return call("GET", f"/lookup?reference={request['reference']}", deadline=deadline)
        except EffectFailed as error:
            if error.failure.status == 404:
                return None
            raise


class BlindStep(ProviderStep):
    """Neither key nor lookup."""

    type, endpoint, effect = "test.blind", "blind", EffectClass.BLIND


class MeteredStep(ProviderStep):
    """Costs a thousand micros a call."""

    type, endpoint, effect = "test.metered", "metered", EffectClass.METERED

    def settle(self, ctx: StepContext, request: Mapping[str, Any], response: Mapping[str, Any]) -> StepResult:
        line = UsageLine(
            meter="test.calls", source_key=ctx.key, quantity=1, cost_micros=1000, detail={"model": "double-1"}
        )
        return StepResult(output=dict(response), usage=(line,))

    def waste(self, ctx: StepContext, request: Mapping[str, Any]) -> tuple[UsageLine, ...]:
        return (UsageLine(meter="test.calls", source_key="", quantity=1, cost_micros=1000),)


STEPS = (KeyedStep(), LookupStep(), BlindStep(), MeteredStep())
