"""The outline: a draft's steps as a nested list with branches, equal in power to the canvas."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from apps.workflows.builder import graph
from apps.workflows.builder.classes import StepClass
from apps.workflows.builder.palette import Kind, title_of, way_label
from apps.workflows.builder.problems import Finding

Json = Any


@dataclass(kw_only=True)
class Way:
    """One way out of a step: a label, where it leads, and the steps on it that are shown here."""

    place: str
    label: str
    target: str
    target_title: str
    lines: list["Line"] = field(default_factory=list)


@dataclass(kw_only=True)
class Line:
    """One step. ``ways`` are its branches; what follows its main way comes as the next line."""

    id: str
    title: str
    kind: Kind | None
    type: str
    main: str
    follows: str
    problems: list[Finding]
    ways: list[Way]
    outs: list[Way]
    up: str = ""
    down: str = ""
    number: int = 0
    risk: StepClass | None = None


@dataclass(frozen=True, kw_only=True)
class Outline:
    """``lines`` from the first step on, ``loose`` steps no way leads to; ``order`` are all ids in reading order."""

    lines: list[Line]
    loose: list[Line]
    order: list[str]


def make_outline(
    document: Mapping[str, Json],
    kinds: Mapping[str, Kind],
    findings: Sequence[Finding],
    classes: Mapping[str, StepClass] | None = None,
) -> Outline:
    """The nested list. Every step stands in it once; a way that leads to a step shown elsewhere names it."""
    maker = _Maker(document, kinds, findings, classes or {})
    lines = maker.chain(document.get("start"), None)
    loose: list[Line] = []
    for step_id in graph.in_reading_order(document):
        if step_id not in maker.seen:
            loose += maker.chain(step_id, None, loose=True)
    return Outline(lines=lines, loose=loose, order=list(maker.seen))


class _Maker:
    def __init__(
        self,
        document: Mapping[str, Json],
        kinds: Mapping[str, Kind],
        findings: Sequence[Finding],
        classes: Mapping[str, StepClass],
    ) -> None:
        self.steps: Mapping[str, Mapping[str, Json]] = document.get("steps", {})
        self.kinds, self.findings, self.classes = kinds, findings, classes
        self.seen: dict[str, None] = {}
        self.meeting = {
            step_id
            for step_id in self.steps
            if len({other for other, _ in graph.leading_to(dict(self.steps), step_id)}) > 1
        }

    def title(self, step_id: str | None) -> str:
        body = self.steps.get(step_id or "")
        return title_of(step_id or "", body, self.kinds) if body else (step_id or "")

    def chain(
        self, step_id: str | None, entry: Mapping[str, str] | None, *, loose: bool = False, stop: str | None = None
    ) -> list[Line]:
        """The steps from one on along their main ways, ending before one that is shown already or belongs outside."""
        lines: list[Line] = []
        entries: list[Mapping[str, str] | None] = []
        while step_id and step_id in self.steps and step_id not in self.seen and step_id != stop:
            line = self._line(step_id)
            lines.append(line)
            entries.append(entry)
            entry = {"step": step_id, "place": line.main}
            step_id = line.follows
        if not loose:
            self._moves(lines, entries)
        return lines

    def _line(self, step_id: str) -> Line:
        self.seen[step_id] = None
        body = self.steps[step_id]
        main = graph.main_place(body)
        kind = str(body.get("type"))
        follows = graph.target_at(body, main) or ""
        branching = kind in ("switch", "parallel", "condition", "loop")
        if kind in ("switch", "condition"):
            follows = self._meeting_after(step_id)
        outs = [
            Way(place=place, label=way_label(body, place), target=target or "", target_title=self.title(target))
            for place, target in graph.ways_out(body)
        ]
        line = Line(
            id=step_id, title=self.title(step_id), kind=self.kinds.get(kind), type=kind, main=main, follows=follows,
            problems=[one for one in self.findings if one.step == step_id], ways=[], outs=outs, number=len(self.seen),
            risk=self.classes.get(step_id),
        )  # fmt: skip
        for way in outs if branching else ():
            if way.place in ("on_error", "on_timeout", "join", "branches.+") or (
                kind == "loop" and way.place == "next"
            ):
                continue
            way.lines = self.chain(way.target, {"step": step_id, "place": way.place}, stop=follows or None)
            line.ways.append(way)
        return line

    def _meeting_after(self, step_id: str) -> str:
        """Where the ways out of a step come together again: the first step in reading order that all of them reach."""
        targets = [
            target
            for place, target in graph.ways_out(self.steps[step_id])
            if target and place not in ("on_error", "on_timeout")
        ]
        if len(targets) < 2:
            return ""
        reached = [self._reach(target) for target in targets]
        return next(
            (one for one in reached[0] if all(one in other for other in reached[1:]) and one not in self.seen), ""
        )

    def _reach(self, start: str) -> list[str]:
        order, todo = [start], [start]
        while todo:
            for _place, target in graph.ways_out(self.steps.get(todo.pop(0), {"type": ""})):
                if target and target in self.steps and target not in order:
                    order.append(target)
                    todo.append(target)
        return order

    @staticmethod
    def _moves(lines: list[Line], entries: list[Mapping[str, str] | None]) -> None:
        for index, line in enumerate(lines):
            if line.type in ("switch", "parallel", "condition"):
                continue
            if index and lines[index - 1].type not in ("switch", "parallel", "condition"):
                line.up = json.dumps({"op": "relocate", "step": line.id, "after": entries[index - 1]})
            if index + 1 < len(lines) and lines[index + 1].type not in ("switch", "parallel", "condition"):
                after = {"step": lines[index + 1].id, "place": lines[index + 1].main}
                line.down = json.dumps({"op": "relocate", "step": line.id, "after": after})
