"""P2, computed classes against labels: a set of rendered actions over all kinds, each with the class a careful person gives it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apps.core.reach import Audience, Reach
from apps.workflows.core.classes import Allow, AllowKind, Facts, Policy, classify

ACTS = Path(__file__).parent / "data" / "acts.json"
MEMBERS = frozenset({"ann@acme.example", "bo@acme.example"})
DOMAINS = frozenset({"acme-mail.example"})


@dataclass(frozen=True)
class Judgement:
    """One action: what it is, its label, what was computed."""

    what: str
    kind: str
    label: str
    computed: str

    @property
    def is_too_low(self) -> bool:
        """The mistake that must never happen."""
        return self.computed < self.label


def judge_all() -> list[Judgement]:
    """Every action of the set, judged."""
    acts = json.loads(ACTS.read_text(encoding="utf-8"))
    return [Judgement(act["what"], act["kind"], act["class"], judge(act)) for act in acts]


def judge(act: Mapping[str, Any]) -> str:
    """The computed class of one action; shipped connectors are asked for the reach of the rendered inputs themselves."""
    reach, effect_class, step_type = _reach(act)
    facts = Facts(
        type=act.get("type", step_type),
        effect_class=effect_class,
        members=MEMBERS,
        domains=DOMAINS,
        taints=act.get("taints", {}),
        policy=_policy(act.get("policy", {})),
    )
    return classify(reach, facts).risk.value


def _reach(act: Mapping[str, Any]) -> tuple[Reach, str, str]:
    if "step" in act:
        from apps.workflows.registries import step_types

        handler = step_types.get(act["step"])
        rendered = {"inputs": act["inputs"], "effect": "blind"}
        return handler.reach(rendered), handler.effect.value, handler.type
    stated = dict(act["reach"])
    stated["recipients"] = tuple(stated.get("recipients", ()))
    stated["audience"] = Audience(stated.get("audience", "nobody"))
    return Reach(**stated), act.get("effect_class", "blind"), ""


def _policy(stated: Mapping[str, Any]) -> Policy:
    sets = ("values", "types")
    allows = tuple(
        Allow(
            **{
                name: frozenset(value) if name in sets else value
                for name, value in {**one, "kind": AllowKind(one["kind"])}.items()
            }
        )
        for one in stated.get("allows", ())
    )
    more = {name: value for name, value in stated.items() if name != "allows"}
    if "hold_types" in more:
        more["hold_types"] = frozenset(more["hold_types"])
    return Policy(allows=allows, **more)
