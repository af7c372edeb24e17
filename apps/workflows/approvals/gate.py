"""The class of every effect a turn of the engine is about to intend, and whether it may go without a person."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from apps.core.reach import Audience, Reach
from apps.tenants.contracts import TenantRef
from apps.workflows.approvals import rules
from apps.workflows.approvals.settings import settings_of
from apps.workflows.contracts import StepHandler
from apps.workflows.core.classes import (
    AllowKind,
    Facts,
    Reason,
    ReasonCode,
    RiskClass,
    Verdict,
    classify,
    to_stored,
)
from apps.workflows.core.taint import StepFacts, tainted_fields
from apps.workflows.enums import EffectClass

logger = logging.getLogger(__name__)
# Runs whose inputs a member of the workspace typed, or that have none. All others' inputs count as a stranger's words.
TRUSTED_TRIGGERS = frozenset({"manual", "schedule"})
OUTSIDE_ANSWERS = frozenset({"wait_event"})
CANNOT_TELL = Verdict(risk=RiskClass.C, reasons=(Reason(code=ReasonCode.UNKNOWN),))


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict about one rendered request, and whether a person must be asked."""

    verdict: Verdict
    held: bool

    def columns(self) -> dict[str, Any]:
        """What is kept with the effect."""
        return {"risk": self.verdict.risk.value, "reasons": to_stored(self.verdict), "held": self.held}


class Gate:
    """One per turn: facts about the workspace are read once, and only when an act could need them.

    ``facts``: judge by these instead, to see what a rule that nobody made yet would let pass.
    """

    def __init__(self, *, tenant: TenantRef, handlers: Mapping[str, StepHandler], facts: Facts | None = None) -> None:
        self.tenant = tenant
        self.handlers = handlers
        self._facts = facts

    def judge(
        self, *, version: Any, trigger: str, step_id: str, handler: StepHandler, text: str, dry_run: bool = False
    ) -> Judged:
        """The class of a rendered request. A handler that cannot say what it reaches makes it C; nothing here makes it lower."""
        verdict = CANNOT_TELL
        told = self._told(version, trigger, step_id, handler, text)
        if told is not None:
            verdict = self._verdict(*told, handler, dry_run=dry_run)
        asked = settings_of(version.raw, step_id).required
        if asked and verdict.risk is not RiskClass.C:
            verdict = replace(verdict, reasons=(*verdict.reasons, Reason(code=ReasonCode.STEP)))
        return Judged(verdict, asked or verdict.risk is RiskClass.C)

    def _told(
        self, version: Any, trigger: str, step_id: str, handler: StepHandler, text: str
    ) -> tuple[Reach, Mapping[str, str]] | None:
        """The reach and what untrusted text fills; None when the step's code cannot say."""
        try:
            reach = handler.reach(json.loads(text))
            if not isinstance(reach, Reach):
                raise TypeError(f"reach answered {type(reach).__name__}")
            return reach, self._taints(version, trigger).get(step_id, {})
        except Exception:
            logger.exception("the reach of an act could not be told", extra={"type": handler.type, "step": step_id})
            return None

    def _verdict(self, reach: Reach, taints: Mapping[str, str], handler: StepHandler, *, dry_run: bool) -> Verdict:
        facts = Facts(type=handler.type, effect_class=handler.effect.value, taints=taints)
        if is_plain_read(reach) and not taints:
            return classify(reach, facts)
        if self._facts is None:
            self._facts = rules.facts_about(self.tenant)
        facts = replace(self._facts, type=facts.type, effect_class=facts.effect_class, taints=taints)
        verdict = classify(reach, facts)
        while not dry_run and (rule := self._spending_rule(verdict, facts)) is not None:
            if rules.take_allowance(rule_id=rule, amount_minor=reach.amount_minor or 0):
                self._facts = None
                break
            kept = tuple(allow for allow in facts.policy.allows if allow.id != rule)
            facts = replace(facts, policy=replace(facts.policy, allows=kept))
            verdict = classify(reach, facts)
        return verdict

    @staticmethod
    def _spending_rule(verdict: Verdict, facts: Facts) -> str | None:
        amounts = {allow.id for allow in facts.policy.allows if allow.kind is AllowKind.AMOUNT}
        return next((rule for rule in verdict.allowed_by if rule in amounts), None)

    def _taints(self, version: Any, trigger: str) -> Mapping[str, Mapping[str, str]]:
        trusted = trigger in TRUSTED_TRIGGERS
        if trusted not in version.taints:
            started = {} if trusted else {"triggers": {"run": {"type": "event"}}}
            fields = tainted_fields({**version.raw, **started}, facts=facts_of_steps(self.handlers))
            kinds = {
                step_id: self.handlers[body["type"]].sensitive
                for step_id, body in version.raw["steps"].items()
                if step_id in fields
            }
            version.taints[trusted] = {
                step_id: {path: kinds[step_id][path] for path in paths} for step_id, paths in fields.items()
            }
        return version.taints[trusted]  # type: ignore[no-any-return]


def facts_of_steps(handlers: Mapping[str, StepHandler]) -> dict[str, StepFacts]:
    """What each step type says of itself, except that whatever calls out brings a stranger's words back."""
    return {
        handler.type: StepFacts(
            config_schema=handler.config_schema,
            sensitive=handler.sensitive,
            untrusted=handler.untrusted
            or handler.type in OUTSIDE_ANSWERS
            or (handler.effect is not EffectClass.PURE and not handler.closed),
            closed=handler.closed,
            trusted_outputs=handler.trusted_outputs,
        )
        for handler in handlers.values()
    }


def is_plain_read(reach: Reach) -> bool:
    """Whether an act cannot matter to anybody outside whatever the workspace settled."""
    flags = (reach.writes, reach.recipients, reach.deletes, reach.personal, reach.grants, reach.currency)
    asks = reach.audience in (Audience.NOBODY, Audience.OUTSIDE)
    return not any(flags) and reach.amount_minor is None and reach.objects > 0 and asks
