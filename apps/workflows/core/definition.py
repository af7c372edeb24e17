"""A workflow's definition, parsed: steps, their edges, and values compiled for fast filling in."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from apps.workflows.core.conditions import Predicate, compile_condition
from apps.workflows.core.regions import body_of, edges
from apps.workflows.core.values import Json, Resolver, compile_value

__all__ = [
    "CONTROL_TYPES",
    "Case",
    "Definition",
    "RetryOverride",
    "Step",
    "canonical",
    "content_hash",
    "edges",
    "parse",
]

CONTROL_TYPES = ("switch", "condition", "parallel", "join", "loop")
DEFAULT_MAX_VISITS = 25
DEFAULT_LOOP_LIMIT = 100
MAX_STEPS_PER_RUN = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One way out of a switch."""

    when: Predicate
    next: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryOverride:
    """What a definition changes of the step type's retry policy."""

    max_attempts: int | None = None
    base_s: float | None = None
    cap_s: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One node of the graph; ``next`` None ends the path. A condition's ways are its only case and its default."""

    id: str
    type: str
    title: str
    config: Resolver
    next: str | None
    on_error: str | None
    on_timeout: str | None
    max_visits: int
    timeout_s: float | None
    retry: RetryOverride
    cases: tuple[Case, ...] = ()
    default: str | None = None
    branches: tuple[str, ...] = ()
    join: str = ""
    items: Resolver | None = None
    body: str = ""
    collect: Resolver | None = None
    limit: int = DEFAULT_LOOP_LIMIT
    # loop: the steps that run for each item
    region: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Definition:
    """A whole workflow. Made by ``parse`` from JSON that ``validate`` accepted."""

    start: str
    steps: Mapping[str, Step]
    output: Resolver | None
    inputs_schema: Mapping[str, Json] | None


def parse(raw: Mapping[str, Json]) -> Definition:
    """Compile a definition. The JSON must have passed ``validate`` when it was published."""
    steps = {step_id: _parse_step(step_id, body, raw["steps"]) for step_id, body in raw["steps"].items()}
    return Definition(
        start=raw["start"],
        steps=MappingProxyType(steps),
        output=compile_value(raw["output"]) if "output" in raw else None,
        inputs_schema=raw.get("inputs"),
    )


def _parse_step(step_id: str, body: Mapping[str, Json], steps: Mapping[str, Mapping[str, Json]]) -> Step:
    if body["type"] == "condition":
        body = {**body, "cases": [{"when": body["when"], "next": body.get("then")}], "default": body.get("else")}
    return Step(
        id=step_id,
        type=body["type"],
        title=body.get("title", ""),
        config=compile_value(body.get("with", {})),
        next=body.get("next"),
        on_error=body.get("on_error"),
        on_timeout=body.get("on_timeout"),
        max_visits=body.get("max_visits", DEFAULT_MAX_VISITS),
        timeout_s=body.get("timeout_s"),
        retry=RetryOverride(**body.get("retry", {})),
        cases=tuple(
            Case(when=compile_condition(case["when"]), next=case.get("next")) for case in body.get("cases", ())
        ),
        default=body.get("default"),
        branches=tuple(body.get("branches", ())),
        join=body.get("join", ""),
        items=compile_value(body["items"]) if "items" in body else None,
        body=body.get("body", ""),
        collect=compile_value(body["collect"]) if "collect" in body else None,
        limit=body.get("limit", DEFAULT_LOOP_LIMIT),
        region=frozenset(body_of(steps, step_id)),
    )


def canonical(value: Json) -> str:
    """JSON text with sorted keys and no spaces: equal values give equal text (RFC 8785 without its number rules)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def content_hash(definition: Mapping[str, Json]) -> str:
    """SHA-256 of the canonical text, without the layout: moving a step on the canvas makes no new version."""
    versioned = {name: value for name, value in definition.items() if name != "layout"}
    return hashlib.sha256(canonical(versioned).encode()).hexdigest()
