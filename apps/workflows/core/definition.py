"""A workflow's definition, parsed: steps, their edges, and values compiled for fast filling in."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from apps.workflows.core.conditions import Predicate, compile_condition
from apps.workflows.core.values import Json, Resolver, compile_value

CONTROL_TYPES = ("switch", "parallel", "join")
DEFAULT_MAX_VISITS = 25
MAX_STEPS_PER_RUN = 1000


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
    """One node of the graph; ``next`` None ends the path."""

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


@dataclass(frozen=True, kw_only=True, slots=True)
class Definition:
    """A whole workflow. Made by ``parse`` from JSON that ``validate`` accepted."""

    start: str
    steps: Mapping[str, Step]
    output: Resolver | None
    inputs_schema: Mapping[str, Json] | None


def parse(raw: Mapping[str, Json]) -> Definition:
    """Compile a definition. The JSON must have passed ``validate`` when it was published."""
    steps = {step_id: _parse_step(step_id, body) for step_id, body in raw["steps"].items()}
    return Definition(
        start=raw["start"],
        steps=MappingProxyType(steps),
        output=compile_value(raw["output"]) if "output" in raw else None,
        inputs_schema=raw.get("inputs"),
    )


def _parse_step(step_id: str, body: Mapping[str, Json]) -> Step:
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
    )


def edges(body: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """(place, target) of every edge that leaves a raw step."""
    for name in ("next", "on_error", "on_timeout", "default", "join"):
        if body.get(name):
            yield name, body[name]
    for index, case in enumerate(body.get("cases", ())):
        if isinstance(case, Mapping) and case.get("next"):
            yield f"cases.{index}.next", case["next"]
    for index, target in enumerate(body.get("branches", ())):
        yield f"branches.{index}", target


def canonical(value: Json) -> str:
    """JSON text with sorted keys and no spaces: equal values give equal text (RFC 8785 without its number rules)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def content_hash(value: Json) -> str:
    """SHA-256 of the canonical text."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()
