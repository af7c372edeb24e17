"""Effects and people: the class of a request, the question when somebody must be asked, and what their answer lets happen."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.utils.translation import gettext

from apps.workflows.approvals import asking
from apps.workflows.approvals.enums import ApprovalState
from apps.workflows.approvals.gate import Gate, Judged
from apps.workflows.approvals.models import Approval
from apps.workflows.approvals.settings import settings_of
from apps.workflows.contracts import StepHandler
from apps.workflows.core import events as ev
from apps.workflows.core.classes import RiskClass
from apps.workflows.core.effects import payload_digest
from apps.workflows.core.state import APPROVAL, Token
from apps.workflows.core.taxonomy import Failure, FailureKind
from apps.workflows.engine.live import Call, LiveRun
from apps.workflows.engine.outcomes import EffectOutcomes

REFUSALS = {
    ApprovalState.DENIED: ("approval_denied", "A person refused this step."),
    ApprovalState.EXPIRED: ("approval_expired", "Nobody approved this step in time."),
    ApprovalState.WITHDRAWN: ("approval_withdrawn", "The question about this step was withdrawn."),
}


def _waits(token: Token) -> ev.Waits:
    return ev.Waits(token.id, APPROVAL, summary=gettext("Waits for approval"), person=True)


@dataclass(frozen=True, slots=True)
class Question:
    """The latest question about an effect as the row was loaded; ``state`` is empty when there was none.

    ``was_judged`` False: the effect was intended before classes were computed, or by a rule that is no longer in force.
    """

    id: str = ""
    state: str = ""
    attempt: int = 0
    payload_hash: str = ""
    is_spent: bool = False
    is_valid: bool = False
    was_judged: bool = True

    @classmethod
    def of(cls, stored: list[Any] | None, *, was_judged: bool) -> "Question":
        """From ``store.LOAD_EFFECTS``."""
        return replace(cls(*stored), was_judged=was_judged) if stored else cls(was_judged=was_judged)


class EffectApprovals(EffectOutcomes):
    """What an effect runner knows of approvals."""

    _gate: Gate | None = None

    def _judge(self, live: LiveRun, token: Token, handler: StepHandler, text: str, *, dry_run: bool = False) -> Judged:
        if self._gate is None:
            self._gate = Gate(tenant=self.steps.tenant, handlers=self.steps.handlers)
        return self._gate.judge(
            version=live.version,
            trigger=live.facts.run["trigger"],
            step_id=token.step,
            handler=handler,
            text=text,
            dry_run=dry_run,
        )

    def _may_be_sent(
        self, live: LiveRun, token: Token, handler: StepHandler, call: Call, question: Question, now: float
    ) -> bool:
        """Whether a request that is known already may go (again). Otherwise the token waits for people, or its step has failed.

        Only metered requests change from attempt to attempt; theirs and those of unknown class are judged again.
        """
        if not question.was_judged or (handler.effect.value == "metered" and not call.held):
            call.judged = self._judge(live, token, handler, call.request_text)
            call.held = call.held or call.judged.held
        if not call.held:
            return True
        digest = payload_digest(call.type, call.request_text)
        same = question.payload_hash == digest
        if question.state == ApprovalState.APPROVED and same and (question.is_spent or question.is_valid):
            call.approved = digest
            return True
        if question.state == ApprovalState.PENDING and same:
            live.apply(_waits(token), now)
        elif question.state in REFUSALS and question.attempt >= token.attempt:
            self._refused_by_people(live, token, call, question, now)
        else:
            judged = call.judged or self._judge(live, token, handler, call.request_text)
            self._take(call, "intended", judged=judged)
            self._ask_people(live, token, call, judged, now, before=question)
        return False

    def _refused_by_people(self, live: LiveRun, token: Token, call: Call, question: Question, now: float) -> None:
        code, message = REFUSALS[ApprovalState(question.state)]
        note = Approval.objects.filter(pk=question.id).values_list("note", flat=True).first()
        failure = Failure(kind=FailureKind.DENIED, code=code, message=f"{message} {note or ''}".strip())
        self._abandon(self.steps.handlers[call.type], call.ctx, call.request_text, failure)
        self._take(call, "intended")
        self._outcome(call, "failed", error={"code": code, "message": failure.message[:500]})
        live.apply(ev.Failed(token.id, failure, None), now)

    def _ask_people(
        self, live: LiveRun, token: Token, call: Call, judged: Judged, now: float, *, before: Question | None = None
    ) -> None:
        """Put the question once the intent is written, and let the token wait for the answer."""
        title = live.version.definition.steps[token.step].title or token.step
        live.apply(_waits(token), now)

        def ask() -> None:
            earlier = Approval.objects.filter(pk=before.id).first() if before is not None and before.id else None
            if earlier is not None and not before.is_spent:  # type: ignore[union-attr]
                asking.void(
                    earlier, note=gettext("The request is not the one that was asked about, or too much time passed.")
                )
            has_successor = earlier is not None and Approval.objects.filter(replaces=earlier).exists()
            asking.ask(
                run_id=UUID(live.id),
                effect_id=UUID(call.effect_id),
                path=token.path,
                attempt=token.attempt,
                step_type=call.type,
                title=title,
                payload=call.request_text,
                asking=settings_of(live.version.raw, token.step),
                risk_class=max(judged.verdict.risk, RiskClass.B).value,
                reasons=judged.columns()["reasons"],
                replaces=earlier.pk if earlier is not None and not has_successor else None,
            )

        self._asking[call.effect_id] = ask
