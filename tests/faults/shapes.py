"""Workflows of the engine's mixed fault scenario, and what each must have done in the end: the oracle, worked out without the engine.

Every effect carries a reference made of the run's name and its place, so the provider's own counts say whether a branch, an item of a
loop or a child did its part exactly once.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Steps = Mapping[str, Mapping[str, Any]]
Done = Mapping[str, Any]
KINDS = ("keyed", "lookup", "blind", "metered")
ITEMS = range(6)
PATIENT = {"max_attempts": 20, "base_s": 0.05, "cap_s": 0.4}
ALWAYS = {"require": "always"}
# The shortest time limit there is; the scenario's workers let a minute pass in a second and a half.
BRIEF = {"expires_s": 60}
BRIEF_STEPS = ("brief", "silence")


def effect(kind: str, place: str, next_: str | None = None, **more: Any) -> dict[str, Any]:
    """A step that touches the provider under ``<name of the run>.<place>``."""
    reference = {"$text": f"{{{{inputs.ref}}}}.{place}"}
    step = {"type": f"test.{kind}", "with": {"reference": reference}, "timeout_s": 1.2, "retry": PATIENT}
    return {**step, "next": next_, **more}


def child(workflow: str, place: str, next_: str | None, **more: Any) -> dict[str, Any]:
    """A step that runs another workflow under a longer name."""
    inputs = {"ref": {"$text": f"{{{{inputs.ref}}}}.{place}"}}
    return {"type": "workflow.run", "with": {"workflow": workflow, "inputs": inputs, **more}, "next": next_}


def kind_of_leaf(item: int) -> str:
    """Which effect a leaf of this item has."""
    return ("keyed", "blind", "metered")[item % 3]


LEAF: Steps = {
    "way": {
        "type": "switch",
        "default": "metered",
        "cases": [
            {"when": {"$expr": "inputs.item == 0 or inputs.item == 3"}, "next": "keyed"},
            {"when": {"$expr": "inputs.item == 1 or inputs.item == 4"}, "next": "blind"},
        ],
    },
    **{kind: effect(kind, "{{inputs.item}}", "done") for kind in ("keyed", "blind", "metered")},
    "done": {"type": "set", "with": {"item": {"$ref": "inputs.item"}}},
}
MID: Steps = {
    "leaves": child("leaf", "mid", "after", items=[0, 1, 2], max_parallel=2),
    "after": effect("keyed", "after"),
}
SLOW: Steps = {
    "first": effect("keyed", "{{inputs.item}}.first", "pause"),
    "pause": {"type": "delay", "with": {"seconds": 0.4}, "next": "second"},
    "second": effect("blind", "{{inputs.item}}.second"),
}
GATE: Steps = {
    "first": effect("keyed", "{{inputs.item}}.first", "gate"),
    "gate": effect("blind", "{{inputs.item}}.gate", approval=ALWAYS),
}
FAN: Steps = {
    "even": {"type": "condition", "when": {"$expr": "inputs.even"}, "then": "yes", "else": "no"},
    "yes": effect("keyed", "yes", "split"),
    "no": effect("lookup", "no", "split"),
    "split": {"type": "parallel", "branches": ["each", "pause", "ask"], "join": "meet"},
    "each": {
        "type": "loop",
        "items": [0, 1, 2],
        "body": "one",
        "collect": {"$ref": "steps.one.output.reference"},
        "next": "meet",
    },
    "one": effect("keyed", "each.{{loop.item}}"),
    "pause": {"type": "delay", "with": {"seconds": 0.3}, "next": "paid"},
    "paid": effect("metered", "paid", "meet"),
    "ask": effect("blind", "ask", "meet", approval=ALWAYS),
    "meet": {"type": "join"},
}
NEST: Steps = {
    "outer": {
        "type": "loop",
        "items": ["a", "b"],
        "body": "inner",
        "collect": {"inner": {"$ref": "steps.inner.output.results"}, "after": {"$ref": "steps.after.output.reference"}},
    },
    "inner": {
        "type": "loop",
        "items": [0, 1, 2],
        "body": "odd",
        "collect": {"$ref": "steps.keep.output.at"},
        "next": "after",
    },
    "odd": {"type": "condition", "when": {"$expr": "loop.item == 1"}, "then": "look", "else": "paid"},
    "look": effect("lookup", "{{loop.outer.item}}.{{loop.item}}", "keep"),
    "paid": effect("metered", "{{loop.outer.item}}.{{loop.item}}", "keep"),
    "keep": {"type": "set", "with": {"at": {"$text": "{{loop.outer.item}}{{loop.item}}"}}},
    "after": effect("keyed", "{{loop.item}}.after"),
}
MAP: Steps = {
    "split": {"type": "parallel", "branches": ["many", "single"], "join": "meet"},
    "many": child("leaf", "many", "meet", items=list(ITEMS), max_parallel=2),
    "single": child("mid", "single", "meet"),
    "meet": {"type": "join", "next": "end"},
    "end": effect("keyed", "end"),
}
ASKED: Steps = {
    "turns": {
        "type": "loop",
        "items": [0, 1],
        "body": "who",
        "collect": {"$expr": "loop.item"},
        "next": "which",
    },
    "who": {
        "type": "condition",
        "when": {"$expr": "inputs.expire and loop.item == 1"},
        "then": "brief",
        "else": "hold",
    },
    "hold": effect("blind", "hold.{{loop.item}}", approval=ALWAYS),
    "brief": effect("blind", "brief.{{loop.item}}", approval={**ALWAYS, **BRIEF}, on_error="refused"),
    "refused": effect("lookup", "refused.{{loop.item}}"),
    "which": {
        "type": "condition",
        "when": {"op": "eq", "left": {"$ref": "inputs.word"}, "right": "expire"},
        "then": "silence",
        "else": "question",
    },
    "question": {"type": "approval", "with": {"title": "Go on?"}, "next": "agreed", "on_error": "late"},
    "silence": {"type": "approval", "with": {"title": "Anybody?", **BRIEF}, "next": "agreed", "on_error": "late"},
    "agreed": effect("keyed", "agreed"),
    "late": effect("keyed", "late"),
}
HALT: Steps = {
    "split": {"type": "parallel", "branches": ["many", "turns"], "join": "meet"},
    "many": child("slow", "many", "meet", items=list(ITEMS), max_parallel=3),
    "turns": {"type": "loop", "items": list(ITEMS), "body": "paid", "collect": {"$expr": "loop.item"}, "next": "meet"},
    "paid": effect("metered", "turns.{{loop.item}}", "breath"),
    "breath": {"type": "delay", "with": {"seconds": 0.2}},
    "meet": {"type": "join"},
}
AGAIN: Steps = {"many": child("gate", "many", None, items=[0, 1, 2], max_parallel=3)}


# -- how people act: by the number of the run, so that the oracle knows -----------------------------------------------------------------


def word_on_question(number: int) -> str:
    """What people say to its question."""
    return ("expire", "deny", "approve")[number // len(SHAPES) % 3]


def inputs_of(number: int) -> dict[str, Any]:
    """What the run with this number is started with."""
    return {
        "ref": f"r{number}",
        "even": number // len(SHAPES) % 2 == 0,
        "expire": number // len(SHAPES) % 4 == 0,
        "word": word_on_question(number),
    }


# -- what must have been done -----------------------------------------------------------------------------------------------------------


def _leaf(name: str, item: int) -> Counter[tuple[str, str]]:
    return Counter({(kind_of_leaf(item), f"{name}.{item}"): 1})


def _fan(name: str, number: int) -> tuple[Counter[tuple[str, str]], Done | None]:
    way = ("keyed", f"{name}.yes") if inputs_of(number)["even"] else ("lookup", f"{name}.no")
    each = [f"{name}.each.{item}" for item in range(3)]
    places = [way, ("metered", f"{name}.paid"), ("blind", f"{name}.ask"), *(("keyed", one) for one in each)]
    return Counter(places), {"each": each, "ask": f"{name}.ask"}


def _nest(name: str, number: int) -> tuple[Counter[tuple[str, str]], Done | None]:
    places = []
    for outer in "ab":
        places += [("lookup" if item == 1 else "metered", f"{name}.{outer}.{item}") for item in range(3)]
        places.append(("keyed", f"{name}.{outer}.after"))
    turns = [{"inner": [f"{one}{item}" for item in range(3)], "after": f"{name}.{one}.after"} for one in "ab"]
    return Counter(places), {"turns": turns}


def _map(name: str, number: int) -> tuple[Counter[tuple[str, str]], Done | None]:
    places: Counter[tuple[str, str]] = Counter([("keyed", f"{name}.end"), ("keyed", f"{name}.single.after")])
    for item in ITEMS:
        places += _leaf(f"{name}.many", item)
    for item in range(3):
        places += _leaf(f"{name}.single.mid", item)
    return places, {"items": [{"item": item} for item in ITEMS], "single": 3}


def _asked(name: str, number: int) -> tuple[Counter[tuple[str, str]], Done | None]:
    expires = inputs_of(number)["expire"]
    places = [("blind", f"{name}.hold.0"), ("lookup", f"{name}.refused.1") if expires else ("blind", f"{name}.hold.1")]
    places.append(("keyed", f"{name}.agreed" if word_on_question(number) == "approve" else f"{name}.late"))
    return Counter(places), {"turns": [0, 1]}


def _halt(name: str, number: int) -> tuple[Counter[tuple[str, str]], Done | None]:
    places = [("metered", f"{name}.turns.{item}") for item in ITEMS]
    for item in ITEMS:
        places += [("keyed", f"{name}.many.{item}.first"), ("blind", f"{name}.many.{item}.second")]
    return Counter(places), None


def _again(name: str, number: int) -> tuple[Counter[tuple[str, str]], Done | None]:
    places = []
    for item in range(3):
        places += [("keyed", f"{name}.many.{item}.first"), ("blind", f"{name}.many.{item}.gate")]
    return Counter(places), {"items": [0, 1, 2]}


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A root workflow: what it gives, and (kind, reference) of every effect it must have had, ``children`` runs included."""

    steps: Steps
    output: Any
    children: int
    must: Callable[[str, int], tuple[Counter[tuple[str, str]], Done | None]]


SHAPES: Mapping[str, Shape] = {
    "fan": Shape(
        steps=FAN,
        output={"each": {"$ref": "steps.each.output.results"}, "ask": {"$ref": "steps.ask.output.reference"}},
        children=0,
        must=_fan,
    ),
    "nest": Shape(steps=NEST, output={"turns": {"$ref": "steps.outer.output.results"}}, children=0, must=_nest),
    "map": Shape(
        steps=MAP,
        output={
            "items": {"$ref": "steps.many.output.results"},
            "single": {"$ref": "steps.single.output.output"},
        },
        children=10,
        must=_map,
    ),
    "asked": Shape(steps=ASKED, output={"turns": {"$ref": "steps.turns.output.results"}}, children=0, must=_asked),
    "halt": Shape(steps=HALT, output=None, children=6, must=_halt),
    "again": Shape(steps=AGAIN, output={"items": {"$ref": "steps.many.output.results"}}, children=3, must=_again),
}
NAMES = tuple(SHAPES)
PARTS: Mapping[str, tuple[Steps, Any]] = {
    "leaf": (LEAF, {"item": {"$ref": "steps.done.output.item"}}),
    "mid": (MID, {"$ref": "steps.leaves.output.count"}),
    "slow": (SLOW, None),
    "gate": (GATE, {"$ref": "inputs.item"}),
}


def shape_of(number: int) -> str:
    """The shape of the run with this number."""
    return NAMES[number % len(NAMES)]


def gist(outputs: Any) -> Any:
    """A run's outputs without the ids of the children they came from."""
    if not outputs or "items" not in outputs:
        return outputs
    return {**outputs, "items": [one["output"] for one in outputs["items"]]}
