"""What a template would touch, told before it is installed: every step that acts, judged by the same gate as in a run.

Steps the sample's way does not pass are judged too, so that a run never does more than the report says. What cannot be told
beforehand counts as class C.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from apps.core.reach import Audience, Reach
from apps.tenants.facade import current_tenant
from apps.workflows.approvals.gate import Gate
from apps.workflows.approvals.wording import REASONS
from apps.workflows.core.classes import RiskClass
from apps.workflows.core.definition import parse
from apps.workflows.core.values import is_secret
from apps.workflows.engine.live import Version
from apps.workflows.enums import EffectClass
from apps.workflows.library.installing import definition_of
from apps.workflows.library.packages import Package
from apps.workflows.library.rehearsing import NO_CONNECTION, Rehearsal
from apps.workflows.library.rendering import rendered
from apps.workflows.registries import step_types
from apps.workflows.steps.connectors import ConnectorStep

Json = Any
WEB = "http"


@dataclass(frozen=True, kw_only=True)
class Act:
    """One step that touches the outside: its class and why, whether it waits for a person, where it goes.

    ``service`` is the connector; ``place`` the host, account or address it reaches on the sample. ``personal``: it takes words
    about or to people outside the workspace. ``on_sample``: the sample's way passes it.
    """

    step: str
    title: str
    service: str
    risk: str
    reasons: tuple[str, ...]
    waits: bool
    writes: bool
    personal: bool
    place: str
    on_sample: bool


@dataclass(frozen=True, kw_only=True)
class Report:
    """The riskiest class of all acts and each act; ``services`` are their connectors, ``web`` says that it reads addresses of the
    web. ``asks`` are titles of steps at which people are asked in any case, ``tasks`` and ``tells`` those that open tasks and tell
    members, ``mails`` whether members get it by mail. ``model_calls`` are those of one run on the sample, ``models`` the steps
    that may ask one. ``started_by`` are kinds of triggers; ``secrets`` names of the workspace's secrets it opens."""

    risk: str
    acts: tuple[Act, ...]
    services: tuple[str, ...]
    web: bool
    asks: tuple[str, ...]
    tasks: tuple[str, ...]
    tells: tuple[str, ...]
    mails: bool
    model_calls: int
    models: tuple[str, ...]
    started_by: tuple[str, ...]
    secrets: tuple[str, ...]

    @property
    def personal(self) -> tuple[str, ...]:
        """Titles of the acts that take personal data out."""
        return tuple(act.title for act in self.acts if act.personal)


def report_on(package: Package, rehearsal: Rehearsal) -> Report:
    """Judge every act of the package by what it would reach in this workspace."""
    connections = dict.fromkeys(package.connectors, NO_CONNECTION)
    document = definition_of(package, parameters=package.sample.parameters, connections=connections)
    judge = _Judge(package, document)
    seen = set(rehearsal.path)
    acts = tuple(judge.acts(seen))
    return Report(
        risk=max((act.risk for act in acts), default=RiskClass.A.value),
        acts=acts,
        services=package.connectors,
        web=any(act.service == WEB for act in acts),
        asks=judge.titles("approval"),
        tasks=judge.titles("task.create"),
        tells=judge.titles("notify"),
        mails=any(body.get("with", {}).get("mail") for body in document["steps"].values() if body["type"] == "notify"),
        model_calls=sum(line.type.startswith("ai.") for line in rehearsal.lines),
        models=judge.titles("ai."),
        started_by=tuple(sorted({one["type"] for one in document.get("triggers", {}).values()})),
        secrets=tuple(sorted(set(_secrets(document)))),
    )


class _Judge:
    def __init__(self, package: Package, document: Mapping[str, Json]) -> None:
        self.document, self.configs = document, rendered(package, document)
        self.version = Version("", package.slug, 1, parse(document), document)
        self.gate = Gate(tenant=current_tenant(), handlers={handler.type: handler for handler in step_types})
        self.triggers = sorted({one["type"] for one in document.get("triggers", {}).values()}) or ["manual"]

    def titles(self, kind: str) -> tuple[str, ...]:
        """Of the steps whose type begins with ``kind``."""
        steps = self.document["steps"].items()
        return tuple(body.get("title", step) for step, body in steps if body["type"].startswith(kind))

    def acts(self, seen: set[str]) -> Iterator[Act]:
        """Of every connector step, in the definition's order."""
        for step, body in self.document["steps"].items():
            handler = step_types.get(body["type"]) if body["type"] in step_types else None
            if isinstance(handler, ConnectorStep):
                yield self._act(step, body.get("title", step), handler, on_sample=step in seen)

    def _act(self, step: str, title: str, handler: ConnectorStep, *, on_sample: bool) -> Act:
        effect = "pure" if handler.effect is EffectClass.METERED else handler.effect.value
        config = self.configs[step] or {}
        request: dict[str, Json] = {"inputs": config.get("inputs"), "effect": effect}
        text = json.dumps(request)
        judged = [
            self.gate.judge(
                version=self.version, trigger=trigger, step_id=step, handler=handler, text=text, dry_run=True
            )
            for trigger in self.triggers
        ]
        worst = max(judged, key=lambda one: (one.verdict.risk, one.held))
        reach = _reach(handler, request)
        return Act(
            step=step, title=title, service=handler.connector, risk=worst.verdict.risk.value,
            reasons=tuple(dict.fromkeys(str(REASONS[reason.code]) for reason in worst.verdict.reasons)),
            waits=worst.held, writes=reach is None or reach.writes,
            personal=reach is None or is_personal(reach), place=reach.destination if reach else "", on_sample=on_sample,
        )  # fmt: skip


def is_personal(reach: Reach) -> bool:
    """Whether data about people goes somewhere, or words go to people outside."""
    return reach.personal or (reach.writes and reach.audience in (Audience.OUTSIDE, Audience.PUBLIC, Audience.UNKNOWN))


def _reach(handler: ConnectorStep, request: Mapping[str, Json]) -> Reach | None:
    """None when it cannot be told."""
    try:
        return handler.reach(request)
    except Exception:  # noqa: BLE001 - a step's own code, asked about settings that may be incomplete
        return None


def _secrets(node: Json) -> Iterator[str]:
    if is_secret(node):
        yield node["$secret"]
    elif isinstance(node, Mapping):
        for child in node.values():
            yield from _secrets(child)
    elif isinstance(node, list):
        for child in node:
            yield from _secrets(child)
