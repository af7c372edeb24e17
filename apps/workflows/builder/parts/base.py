"""What every pane about a part of the workflow is asked and answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from apps.workflows.builder.classes import StepClass
from apps.workflows.builder.drafts import Draft
from apps.workflows.builder.estimate import Estimate
from apps.workflows.builder.fields import Node
from apps.workflows.builder.palette import Kind
from apps.workflows.builder.problems import Finding

Json = Any


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A draft and what is known of it. ``sent`` and ``refused`` hold what was typed and not accepted, by field."""

    draft: Draft
    kinds: Mapping[str, Kind]
    findings: Sequence[Finding]
    classes: Mapping[str, StepClass]
    estimate: Estimate
    sent: Mapping[str, Any] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    absolute: Callable[[str], str] = str


@dataclass(frozen=True, kw_only=True)
class Pane:
    """What to show: a template below ``workflows/builder/parts/`` and its own context."""

    template: str
    context: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What was sent as patches, and which pane to show then ("" closes it)."""

    patches: list[dict[str, Json]]
    open: str


def all_nodes(roots: Sequence[Node]) -> dict[str, Node]:
    """Every field of a form by its name."""
    found: dict[str, Node] = {}
    todo = list(roots)
    while todo:
        node = todo.pop()
        found[node.name] = node
        todo += node.children
    return found


def place_findings(roots: Sequence[Node], findings: Sequence[Finding], *, below: str) -> list[Finding]:
    """Put each problem beside the field it names, those of a part beside the part; what fits no field comes back."""
    nodes = all_nodes(roots)
    left = []
    for finding in findings:
        if finding.place != below and not finding.place.startswith(f"{below}."):
            continue
        place = finding.place[len(below) + 1 :]
        while place and place not in nodes:
            place = place.rpartition(".")[0]
        if place:
            nodes[place].errors.append(finding)
        else:
            left.append(finding)
    return left
