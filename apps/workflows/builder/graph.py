"""The ways out of a step and how to redirect them, on raw definitions. Pure.

A *place* names one way out as a dotted path inside the step: ``next``, ``on_error``, ``cases.0.next``, ``branches.1``.
``branches.+`` stands for one more branch.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from apps.workflows.core.definition import edges

Json = Any
Body = dict[str, Any]
PLACE = re.compile(
    r"(next|on_error|on_timeout|default|join|then|else|body|cases\.\d{1,3}\.next|branches\.(\d{1,3}|\+))\Z"
)
PLAIN = ("next", "on_error", "on_timeout", "default", "join", "then", "else", "body")
MAIN = {"switch": "default", "parallel": "join", "condition": "then"}
ENDS = ("fail",)


def main_place(body: Mapping[str, Json]) -> str:
    """The way out that "after this step" means."""
    return MAIN.get(body.get("type", ""), "next")


def ways_out(body: Mapping[str, Json]) -> Iterator[tuple[str, str | None]]:
    """(place, target) of every way out a step has, taken or not, in reading order."""
    kind = body.get("type", "")
    taken = dict(edges(body))
    for name in ("then", "else", "body"):
        if body.get(name):
            taken[name] = body[name]
    if kind == "switch":
        for index, _case in enumerate(body.get("cases", ())):
            yield f"cases.{index}.next", taken.get(f"cases.{index}.next")
        yield "default", taken.get("default")
    elif kind == "parallel":
        for index, target in enumerate(body.get("branches", ())):
            yield f"branches.{index}", target
        yield "branches.+", None
        yield "join", taken.get("join")
    elif kind == "condition":
        yield from ((name, taken.get(name)) for name in ("then", "else"))
    else:
        if kind == "loop":
            yield "body", taken.get("body")
        yield "next", taken.get("next")
    for name in ("on_error", "on_timeout"):
        if taken.get(name):
            yield name, taken[name]


def target_at(body: Mapping[str, Json], place: str) -> str | None:
    """Where a way out leads, None when nowhere."""
    return dict(ways_out(body)).get(place)


def lead(body: Body, place: str, target: str | None) -> None:
    """Let a way out lead to ``target``, or nowhere. Raises ``KeyError`` when the step has no such place."""
    head, *rest = place.split(".")
    if head == "cases":
        cases = body.get("cases")
        if not isinstance(cases, list) or int(rest[0]) >= len(cases):
            raise KeyError(place)
        if target is None:
            cases[int(rest[0])].pop("next", None)
        else:
            cases[int(rest[0])]["next"] = target
    elif head == "branches":
        _lead_branch(body.setdefault("branches", []), rest[0], target, place)
        if not body["branches"]:
            del body["branches"]
    elif head not in PLAIN:
        raise KeyError(place)
    elif target is None:
        body.pop(head, None)
    else:
        body[head] = target


def _lead_branch(branches: list[str], index: str, target: str | None, place: str) -> None:
    if index == "+":
        if target is not None and target not in branches:
            branches.append(target)
        return
    if int(index) >= len(branches):
        raise KeyError(place)
    if target is None or target in branches:
        del branches[int(index)]
    else:
        branches[int(index)] = target


def leading_to(steps: Mapping[str, Body], target: str) -> list[tuple[str, str]]:
    """(step, place) of every way that leads to a step, the last branch of a list first so that removals do not shift."""
    found = [(step_id, place) for step_id, body in steps.items() for place, to in ways_out(body) if to == target]
    return sorted(found, key=lambda entry: (entry[0], entry[1].startswith("branches."), entry[1]), reverse=True)


def in_reading_order(document: Mapping[str, Json]) -> list[str]:
    """Ids of all steps: those that can be reached in the order a person would read them, then the rest by name."""
    steps = document.get("steps", {})
    seen: dict[str, None] = {}

    def visit(step_id: str | None) -> None:
        trail = [step_id]
        while trail:
            current = trail.pop()
            if current is None or current not in steps or current in seen:
                continue
            seen[current] = None
            trail.extend(target for _place, target in reversed(list(ways_out(steps[current]))))

    visit(document.get("start"))
    return [*seen, *(step_id for step_id in sorted(steps) if step_id not in seen)]
