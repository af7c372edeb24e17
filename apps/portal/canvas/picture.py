"""Where things stand in the Living Canvas and how the strands between them run. Pure.

Places are given along the flow (``u``) and across it (``v``), both 0 to 1, and laid out twice: from side to side for wide
windows, from top to bottom for phones.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from apps.core import seeded
from apps.workflows.contracts import FlowRow, LiveStep

MAX_WORKFLOWS = 6
OUTCOMES = ("succeeded", "under_way", "person", "failed")
OUTCOME_OF = {
    "succeeded": "succeeded",
    "failed": "failed",
    "cancelled": "failed",
    "review": "person",
    "running": "under_way",
    "waiting": "under_way",
}
COLUMNS = {"source": 0.09, "queue": 0.32, "workflow": 0.56, "outcome": 0.9}
OTHERS = "+"


@dataclass(frozen=True, kw_only=True)
class Node:
    """One thing in the picture. ``tone`` is run, ok, bad, wait or idle; ``steps`` are where its live runs are."""

    kind: str
    key: str
    label: str
    count: int
    tone: str
    u: float
    v: float
    cost_micros: int = 0
    steps: tuple[LiveStep, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Strand:
    """A line from one node to another; ``workflow`` is whose runs move along it."""

    start: Node
    end: Node
    count: int
    tone: str
    workflow: str = ""

    @property
    def width(self) -> float:
        """Thicker for more, slowly: 3 for one run, 12 for a thousand."""
        return round(3 + 3 * math.log10(max(1, self.count)), 1)


@dataclass(frozen=True, kw_only=True)
class Picture:
    """All nodes and strands."""

    nodes: tuple[Node, ...]
    strands: tuple[Strand, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing ran in the last day."""
        return not self.strands

    def of(self, kind: str) -> list[Node]:
        """Nodes of one kind."""
        return [node for node in self.nodes if node.kind == kind]


@dataclass
class _Sums:
    count: int = 0
    cost: int = 0
    outcomes: dict[str, int] = field(default_factory=lambda: defaultdict(int))


def draw(flows: Sequence[FlowRow], steps: Sequence[LiveStep]) -> Picture:
    """The picture of the given runs. Beyond six workflows the quieter ones are drawn together."""
    by_workflow: dict[str, _Sums] = defaultdict(_Sums)
    names = {row.workflow: seeded.shown(row.name) for row in flows}
    for row in flows:
        sums = by_workflow[row.workflow]
        sums.count, sums.cost = sums.count + row.count, sums.cost + row.cost_micros
    ranked = sorted(by_workflow, key=lambda slug: (-by_workflow[slug].count, slug))
    shown = ranked if len(ranked) <= MAX_WORKFLOWS else ranked[: MAX_WORKFLOWS - 1]
    home = {slug: slug if slug in shown else OTHERS for slug in ranked}
    joined: dict[str, _Sums] = defaultdict(_Sums)
    sources: dict[str, int] = defaultdict(int)
    for row in flows:
        sums = joined[home[row.workflow]]
        sums.count, sums.cost = sums.count + row.count, sums.cost + row.cost_micros
        sums.outcomes[OUTCOME_OF[row.state]] += row.count
        sources[row.trigger] += row.count
    source_nodes = _column("source", [(key, key, count) for key, count in sorted(sources.items())])
    total = sum(sources.values())
    waiting = sum(step.count for step in steps)
    queue = Node(
        kind="queue", key="queue", label="", count=waiting, tone="run" if waiting else "idle", u=COLUMNS["queue"], v=0.5
    )
    workflow_nodes = [
        Node(
            kind="workflow",
            key=key,
            label=names.get(key, ""),
            count=sums.count,
            tone=_tone(sums.outcomes),
            u=COLUMNS["workflow"],
            v=place,
            cost_micros=sums.cost,
            steps=tuple(step for step in steps if home.get(step.workflow) == key)[:3],
        )
        for (key, sums), place in zip(joined.items(), _places(len(joined)), strict=True)
    ]
    outcomes = {key: sum(sums.outcomes[key] for sums in joined.values()) for key in OUTCOMES}
    outcome_nodes = _column("outcome", [(key, key, outcomes[key]) for key in OUTCOMES])
    strands = [
        *(Strand(start=node, end=queue, count=node.count, tone="run") for node in source_nodes),
        *(
            Strand(start=queue, end=node, count=node.count, tone=node.tone, workflow=node.key)
            for node in workflow_nodes
        ),
        *_to_outcomes(workflow_nodes, joined, outcome_nodes),
    ]
    nodes = (*source_nodes, queue, *workflow_nodes, *outcome_nodes) if total else ()
    return Picture(nodes=nodes, strands=tuple(strands) if total else ())


def _to_outcomes(workflows: Iterable[Node], sums: dict[str, _Sums], outcomes: Iterable[Node]) -> list[Strand]:
    tones = {"succeeded": "ok", "failed": "bad", "person": "wait", "under_way": "run"}
    return [
        Strand(start=node, end=outcome, count=count, tone=tones[outcome.key], workflow=node.key)
        for node in workflows
        for outcome in outcomes
        if (count := sums[node.key].outcomes.get(outcome.key, 0))
    ]


def _column(kind: str, entries: Sequence[tuple[str, str, int]]) -> list[Node]:
    tones = {"succeeded": "ok", "failed": "bad", "person": "wait", "under_way": "run"}
    return [
        Node(
            kind=kind,
            key=key,
            label=label,
            count=count,
            tone=tones.get(key, "run") if count else "idle",
            u=COLUMNS[kind],
            v=place,
        )
        for (key, label, count), place in zip(entries, _places(len(entries)), strict=True)
    ]


def _places(count: int) -> list[float]:
    return [(index + 0.5) / count for index in range(count)]


def _tone(outcomes: dict[str, int]) -> str:
    if outcomes.get("person"):
        return "wait"
    if outcomes.get("under_way"):
        return "run"
    return "bad" if outcomes.get("failed", 0) > outcomes.get("succeeded", 0) else "ok"
