"""Step types that call the provider double, one for each class of effect."""

import http.client
import json
import os
import time
from collections import defaultdict
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from apps.core.reach import Audience, Reach
from apps.workflows.contracts import EffectFailed, RetryPolicy, StepContext, StepHandler, StepResult, UsageLine
from apps.workflows.core.taxonomy import FailureKind, classify_status
from apps.workflows.enums import EffectClass

_pools: dict[str, list[http.client.HTTPConnection]] = defaultdict(list)


def close() -> None:
    """Close the connections, at the end of a test session."""
    for pool in _pools.values():
        while pool:
            pool.pop().close()


def base_url() -> str:
    """Address of the double."""
    return os.environ["EFFECTS_URL"]


def call(
    method: str, path: str, *, deadline: float, body: Mapping[str, Any] | None = None, key: str = ""
) -> Mapping[str, Any]:
    """One request over real HTTP; failures are classified by status, garbled answers leave the outcome open."""
    status, retry_after, content = _exchange(method, path, max(0.05, deadline - time.monotonic()), body, key)
    failure = classify_status(status, retry_after=retry_after)
    if failure is not None:
        raise EffectFailed(failure.kind, failure.code, failure.message, retry_after=failure.retry_after, status=status)
    try:
        return dict(json.loads(content))
    except ValueError:
        raise EffectFailed(FailureKind.UNKNOWN, "garbled_answer", "The answer is not JSON.") from None


def _exchange(
    method: str, path: str, timeout: float, body: Mapping[str, Any] | None, key: str
) -> tuple[int, str | None, bytes]:
    address = urlsplit(base_url()).netloc
    pool = _pools[address]
    try:
        connection = pool.pop()
    except IndexError:
        connection = http.client.HTTPConnection(address)
    connection.timeout = timeout
    if connection.sock is not None:
        connection.sock.settimeout(timeout)
    try:
        headers = {"Content-Type": "application/json", **({"Idempotency-Key": key} if key else {})}
        connection.request(method, path, None if body is None else json.dumps(body).encode(), headers)
        response = connection.getresponse()
        answer = response.status, response.headers.get("retry-after"), response.read()
    except BaseException:
        connection.close()
        raise
    pool.append(connection)
    return answer


class Inside(StepHandler):
    """Writes to a place only the workspace sees: class B, which nobody is asked about."""

    def reach(self, request: Mapping[str, Any]) -> Reach:
        return Reach(writes=True, audience=Audience.WORKSPACE, destination="double")


class ProviderStep(Inside):
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
