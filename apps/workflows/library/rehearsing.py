"""A template carried through on its sample data, with the builder's own trial, and everything taken back afterwards."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from apps.core.errors import PlatformError
from apps.workflows.builder import trial
from apps.workflows.catalogue import config_validators
from apps.workflows.core.definition import CONTROL_TYPES
from apps.workflows.core.validate import schema_problems
from apps.workflows.library.installing import definition_of
from apps.workflows.library.packages import Package
from apps.workflows.models import StepSample, Workflow

Json = Any
NO_CONNECTION = "00000000-0000-4000-8000-000000000000"
SHOWN = 600
# Settings and answers that speak for themselves.
SAID = ("title", "content", "text", "body", "message")
# Steps whose answer matters more than what they were told, and what of it does not.
ASKING = ("ai.", "http.get", "slack.read", "github.find")
BESIDE = frozenset({"model", "status", "headers"})


class _TakenBack(Exception):
    """Leaves the transaction so that nothing of the rehearsal stays."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One step of the rehearsal. ``is_sample``: its output belongs to the template; ``config`` is what it was told."""

    step: str
    type: str
    title: str
    state: str
    is_sample: bool
    text: str
    config: Json


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """What happened, in order. ``state`` is "succeeded" when it came to its end; ``problem`` says why it did not."""

    lines: tuple[Line, ...]
    state: str
    problem: str = ""

    @property
    def path(self) -> tuple[str, ...]:
        """Ids of the steps it passed."""
        return tuple(line.step for line in self.lines)


def rehearse(package: Package) -> Rehearsal:
    """Nothing is sent, asked or kept: answers from outside are the package's samples."""
    connections = dict.fromkeys(package.connectors, NO_CONNECTION)
    document = definition_of(package, parameters=package.sample.parameters, connections=connections)
    log: list[Mapping[str, Json]] = []
    state, problem = "failed", ""
    try:
        with transaction.atomic():
            row = _tried(package, document)
            log, state = list(row.log), row.state
            raise _TakenBack
    except _TakenBack:
        pass
    except PlatformError as error:
        problem = error.text
    steps = document["steps"]
    lines = tuple(
        Line(
            step=one["step"], type=steps[one["step"]]["type"], title=steps[one["step"]].get("title", one["step"]),
            state=one["state"], is_sample=one["how"] == "pinned", text=_text(one, steps[one["step"]]["type"]), config=one["config"],
        )
        for one in log
    )  # fmt: skip
    if not problem and state != "succeeded":
        problem = next((line.text for line in reversed(lines) if line.state == "failed"), state)
    problem = problem or next((told for line in lines if (told := _misfit(line))), "")
    return Rehearsal(lines=lines, state=state if not problem else "failed", problem=problem)


def _misfit(line: Line) -> str:
    """What a run would refuse of a step's settings; a step whose answer is a sample was not carried out, so nobody looked yet."""
    validators = config_validators()
    if line.config is None or line.type not in validators:
        return ""
    found = schema_problems(validators[line.type], line.config, place=line.step)
    return f"{found[0].place}: {found[0].message}" if found else ""


def _tried(package: Package, document: Mapping[str, Json]) -> Any:
    slug = f"rehearsal-{package.slug}"
    workflow = Workflow.objects.create(slug=slug, name=package.name)
    StepSample.objects.bulk_create(
        StepSample(workflow=workflow, step_id=step, output=output) for step, output in package.sample.outputs.items()
    )
    row = trial.begin(
        workflow_id=workflow.pk, slug=slug, actor_id=0, revision=1, document=document, inputs=dict(package.sample.inputs)
    )  # fmt: skip
    return trial.go_on(row, slug, skip_first=False)


def _text(line: Mapping[str, Json], kind: str) -> str:
    """What a person wants to see of a step: what it would tell, ask or send; else what it found."""
    if line.get("error"):
        return str(line["error"]["message"])[:SHOWN]
    if kind in CONTROL_TYPES:
        return ""
    config, output = line.get("config") or {}, line.get("output") or {}
    said = config.get("inputs") or {name: config[name] for name in SAID if config.get(name)}
    if kind.startswith(ASKING) or not said:
        said = {name: one for name, one in output.items() if name not in BESIDE}
    return "\n".join(_lines(said))[:SHOWN]


def _lines(value: Json, name: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, child in value.items():
            yield from _lines(child, "" if key in SAID else key)
    elif isinstance(value, list):
        for child in value:
            yield from _lines(child, name)
    elif value not in (None, ""):
        yield f"{name}: {value}" if name else str(value)
