"""A definition as a list a person can read: each step once, indented below the step that decides about it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from apps.workflows.builder.graph import ways_out

Json = Any
ALONG = frozenset({"next", "join"})


@dataclass(frozen=True, kw_only=True)
class OutlineLine:
    """One step. ``depth`` is how many decisions lie above it; ``kind`` its step type."""

    step_id: str
    title: str
    kind: str
    depth: int


def outline_of(definition: Mapping[str, Json]) -> list[OutlineLine]:
    """Steps in the order in which they are first reached; steps nothing leads to come last."""
    steps: Mapping[str, Mapping[str, Json]] = definition.get("steps", {})
    seen: set[str] = set()
    lines: list[OutlineLine] = []
    todo: list[tuple[Json, int]] = [(definition.get("start"), 0)]
    while todo:
        step_id, depth = todo.pop()
        if not isinstance(step_id, str) or step_id in seen or step_id not in steps:
            continue
        seen.add(step_id)
        lines.append(_line(step_id, steps[step_id], depth))
        todo += [(target, depth + deeper) for target, deeper in reversed(list(_ways(steps[step_id])))]
    return lines + [_line(step_id, body, 0) for step_id, body in steps.items() if step_id not in seen]


def _line(step_id: str, body: Mapping[str, Json], depth: int) -> OutlineLine:
    return OutlineLine(
        step_id=step_id, title=body.get("title") or step_id, kind=body.get("type", ""), depth=min(depth, 6)
    )


def _ways(body: Mapping[str, Json]) -> Iterator[tuple[str | None, int]]:
    """Where a step leads, each with how much deeper that lies."""
    for place, target in ways_out(body):
        yield target, 0 if place in ALONG else 1
