"""What a template would touch, told before it is installed: the class of each act, from the requests of its rehearsal."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from apps.tenants.facade import current_tenant
from apps.workflows.approvals.rules import facts_about
from apps.workflows.approvals.wording import REASONS
from apps.workflows.catalogue import step_facts
from apps.workflows.contracts import StepHandler
from apps.workflows.core.classes import Facts, RiskClass, classify
from apps.workflows.core.taint import tainted_fields
from apps.workflows.enums import EffectClass
from apps.workflows.library.packages import Package
from apps.workflows.library.rehearsing import Rehearsal
from apps.workflows.registries import step_types
from apps.workflows.steps.connectors import ConnectorStep

Json = Any


@dataclass(frozen=True, kw_only=True)
class Act:
    """One step that touches the outside, with its class and why."""

    title: str
    risk: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Report:
    """The riskiest class of all acts, each act, the services it uses, how many model calls one run makes, and secrets."""

    risk: str
    acts: tuple[Act, ...]
    services: tuple[str, ...]
    model_calls: int
    secrets: tuple[str, ...]


def report_on(package: Package, rehearsal: Rehearsal) -> Report:
    """Judge every act of the rehearsal by what it would reach in this workspace."""
    facts = facts_about(current_tenant())
    tainted = tainted_fields(package.definition, facts=step_facts())
    acts, models, seen = [], 0, set()
    for line in rehearsal.lines:
        handler = step_types.get(line.type) if line.type in step_types else None
        if handler is None or line.config is None:
            continue
        models += line.type.startswith("ai.")
        if line.step in seen or not isinstance(handler, ConnectorStep):
            continue
        seen.add(line.step)
        acts.append(_act(line.title, handler, line.config, facts, tainted.get(line.step, {})))
    return Report(
        risk=max((act.risk for act in acts), default=RiskClass.A.value),
        acts=tuple(acts),
        services=package.connectors,
        model_calls=models,
        secrets=tuple(sorted(_secrets(package.definition))),
    )


def _act(title: str, handler: StepHandler, config: Mapping[str, Json], facts: Facts, taints: Mapping[str, str]) -> Act:
    effect = "pure" if handler.effect is EffectClass.METERED else handler.effect.value
    reach = handler.reach({"inputs": config.get("inputs", {}), "effect": effect})
    kinds = {path: handler.sensitive.get(path, "object") for path in taints}
    verdict = classify(
        reach,
        Facts(
            type=handler.type, effect_class=handler.effect.value, members=facts.members, domains=facts.domains,
            taints=kinds if reach.writes else {}, policy=facts.policy,
        ),
    )  # fmt: skip
    return Act(
        title=title, risk=verdict.risk.value, reasons=tuple(str(REASONS[reason.code]) for reason in verdict.reasons)
    )


def _secrets(node: Json) -> set[str]:
    if isinstance(node, Mapping):
        if isinstance(node.get("$secret"), str):
            return {node["$secret"]}
        return set().union(*(_secrets(child) for child in node.values())) if node else set()
    if isinstance(node, list):
        return set().union(*(_secrets(child) for child in node)) if node else set()
    return set()
