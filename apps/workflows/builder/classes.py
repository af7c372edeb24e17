"""The class of each step of a draft before it runs, from what its act would reach; what only a run can tell stays unknown."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _

from apps.core.reach import Audience, Reach
from apps.tenants.facade import current_tenant
from apps.workflows.approvals.gate import facts_of_steps
from apps.workflows.approvals.rules import facts_about
from apps.workflows.approvals.wording import CLASSES, REASONS
from apps.workflows.contracts import StepHandler
from apps.workflows.core.classes import Facts, Reason, ReasonCode, RiskClass, classify
from apps.workflows.core.definition import CONTROL_TYPES
from apps.workflows.core.taint import tainted_fields
from apps.workflows.core.values import ValueProblem, is_dynamic
from apps.workflows.enums import EffectClass
from apps.workflows.models import Workflow
from apps.workflows.registries import step_types
from apps.workflows.steps.connectors import ConnectorStep

Json = Any
UNKNOWN = "?"
ORDER = ("A", "B", UNKNOWN, "C")
CALLS = "workflow.run"
DEEPEST = 3
# Reasons that hang on whom exactly it reaches: while that is not known, they are no answer yet.
OPEN_REASONS = frozenset({ReasonCode.OUTSIDE, ReasonCode.PERSONAL, ReasonCode.BULK})


@dataclass(frozen=True, kw_only=True)
class StepClass:
    """One step's class, "?" when it is only known in a run; ``reasons`` are sentences. ``held``: a person is asked for certain."""

    risk: str
    reasons: tuple[str, ...] = ()
    held: bool = False

    @property
    def words(self) -> str:
        """The class and why, in one line."""
        name = CLASSES[self.risk] if self.risk in CLASSES else _("Class not known before it runs")
        return " · ".join([str(name), *self.reasons])

    @property
    def mark(self) -> str:
        """For style sheets: A, B, C or unknown."""
        return self.risk if self.risk in CLASSES else "unknown"

    def as_json(self) -> dict[str, str]:
        """For the canvas."""
        return {"risk": self.risk, "mark": self.mark, "why": self.words}


def classes_of(document: Mapping[str, Json], *, depth: int = 0) -> dict[str, StepClass]:
    """Every step with its class in the current workspace. A handful of queries, whatever the size of the draft."""
    facts = facts_about(current_tenant())
    handlers = {handler.type: handler for handler in step_types}
    taints = _taints(document, handlers)
    return {
        step: _class_of(step, body, handlers, facts, taints, depth) for step, body in document.get("steps", {}).items()
    }


def highest(classes: Mapping[str, StepClass]) -> str:
    """The riskiest class there is; unknown ranks below C only."""
    return max((one.risk for one in classes.values()), key=ORDER.index, default="A")


def _taints(
    document: Mapping[str, Json], handlers: Mapping[str, StepHandler]
) -> Mapping[str, Mapping[str, str]] | None:
    """Sensitive settings that untrusted text fills; None while the draft is too unfinished to tell."""
    try:
        return tainted_fields(document, facts=facts_of_steps(handlers))
    except (ValueProblem, KeyError, TypeError, AttributeError):
        return None


def _class_of(
    step: str,
    body: Mapping[str, Json],
    handlers: Mapping[str, StepHandler],
    facts: Facts,
    taints: Mapping[str, Mapping[str, str]] | None,
    depth: int,
) -> StepClass:
    kind = str(body.get("type"))
    if kind in CONTROL_TYPES:
        return StepClass(risk="A", reasons=(_("Decides the way, touches nothing"),))
    handler, config = handlers.get(kind), body.get("with", {})
    if handler is None:
        return StepClass(risk=UNKNOWN, reasons=(_("This kind of step is not installed here."),))
    found = _called(config, depth) if kind == CALLS else _judged(handler, config, facts, taints, step)
    rules = body.get("approval")
    if isinstance(rules, Mapping) and rules.get("require") == "always":
        return replace(found, reasons=(*found.reasons, str(REASONS[ReasonCode.STEP])), held=True)
    return found


def _called(config: Mapping[str, Json], depth: int) -> StepClass:
    """The riskiest step of the workflow it runs."""
    name = config.get("workflow")
    row = None
    if isinstance(name, str) and depth < DEEPEST:
        row = Workflow.objects.select_related("current").filter(slug=name).first()
    if row is None or row.current is None:
        return StepClass(risk=UNKNOWN, reasons=(_("Which workflow it runs is not known."),))
    inner = highest(classes_of(row.current.definition, depth=depth + 1))
    return StepClass(risk=inner, reasons=(_("As the riskiest step of “%(name)s”.") % {"name": row.name},))


def _judged(
    handler: StepHandler,
    config: Json,
    facts: Facts,
    taints: Mapping[str, Mapping[str, str]] | None,
    step: str,
) -> StepClass:
    touched: dict[str, None] = {}
    is_connector = isinstance(handler, ConnectorStep)
    reads = handler.effect is EffectClass.METERED
    watched = _watched(config if isinstance(config, Mapping) else {}, touched, "")
    request = {"inputs": watched.get("inputs", {}), "effect": "pure" if reads else handler.effect.value}
    try:
        reach = handler.reach(request if is_connector else watched)
    except Exception:  # noqa: BLE001 - an unfinished draft may lack anything; a run would then wait for a person
        return StepClass(risk=UNKNOWN, reasons=(_("Its settings are not complete yet."),))
    tainted = (taints or {}).get(step, {})
    verdict = classify(
        reach,
        replace(
            facts, type=handler.type, taints={path: handler.sensitive.get(path, "object") for path in tainted},
            effect_class="keyed" if is_connector and reads else handler.effect.value,
        ),
    )  # fmt: skip
    is_open = bool(touched) or (taints is None and _any_dynamic(config) and reach.writes)
    if is_open and not (verdict.risk is RiskClass.C and any(_certain(one, reach) for one in verdict.reasons)):
        fields = ", ".join(touched) or _("its settings")
        return StepClass(
            risk=UNKNOWN, reasons=(_("Decided in each run: it depends on %(fields)s.") % {"fields": fields},)
        )
    return StepClass(
        risk=verdict.risk.value,
        reasons=tuple(dict.fromkeys(str(REASONS[reason.code]) for reason in verdict.reasons)),
        held=verdict.risk is RiskClass.C,
    )


def _certain(reason: Reason, reach: Reach) -> bool:
    """Whether no value filled in later can take this reason away."""
    if reason.code is ReasonCode.UNKNOWN:
        return reach.audience is Audience.UNKNOWN
    return reason.code not in OPEN_REASONS


def _any_dynamic(node: Json) -> bool:
    if is_dynamic(node):
        return True
    children = node.values() if isinstance(node, Mapping) else node if isinstance(node, list) else ()
    return any(_any_dynamic(child) for child in children)


def _watched(node: Json, touched: dict[str, None], path: str) -> Any:
    """The value, noting in ``touched`` each setting somebody reads that only a run fills in (it reads as an empty text)."""
    if is_dynamic(node):
        touched[path] = None
        return ""
    if isinstance(node, Mapping):
        return _WatchedMap(node, touched, path)
    return _WatchedList(node, touched, path) if isinstance(node, list) else node


class _WatchedMap(Mapping[str, Any]):
    def __init__(self, node: Mapping[str, Json], touched: dict[str, None], path: str) -> None:
        self._node, self._touched, self._path = node, touched, path

    def __getitem__(self, key: str) -> Any:
        place = f"{self._path}.{key}" if self._path and self._path != "inputs" else key
        return _watched(self._node[key], self._touched, place)

    def __contains__(self, key: object) -> bool:
        return key in self._node

    def __iter__(self) -> Iterator[str]:
        return iter(self._node)

    def __len__(self) -> int:
        return len(self._node)


class _WatchedList(Sequence[Any]):
    def __init__(self, node: list[Json], touched: dict[str, None], path: str) -> None:
        self._node, self._touched, self._path = node, touched, path

    def __getitem__(self, index: Any) -> Any:
        found = self._node[index]
        if isinstance(index, slice):
            return [_watched(one, self._touched, self._path) for one in found]
        return _watched(found, self._touched, self._path)

    def __len__(self) -> int:
        return len(self._node)
