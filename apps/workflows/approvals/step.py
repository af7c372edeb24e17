"""The step type ``approval``: people say yes or no to stated content, and may fill fields in, before the run goes on."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.workflows.approvals import asking
from apps.workflows.approvals.enums import ApprovalState, Choice
from apps.workflows.approvals.models import Approval, ApprovalVote
from apps.workflows.approvals.settings import asking_for
from apps.workflows.contracts import EffectFailed, StepContext, StepHandler, StepResult, Wait
from apps.workflows.core.classes import Reason, ReasonCode, RiskClass, Verdict, to_stored
from apps.workflows.core.definition import canonical
from apps.workflows.core.effects import payload_digest
from apps.workflows.core.schema import APPROVAL as APPROVAL_SETTINGS
from apps.workflows.core.state import APPROVAL
from apps.workflows.core.taxonomy import FailureKind

PROPERTIES = APPROVAL_SETTINGS["properties"]
ASKS = to_stored(Verdict(risk=RiskClass.B, reasons=(Reason(code=ReasonCode.STEP),)))
FAILURES = {
    ApprovalState.DENIED: ("approval_denied", "A person refused."),
    ApprovalState.EXPIRED: ("approval_expired", "Nobody decided in time."),
    ApprovalState.WITHDRAWN: ("approval_withdrawn", "The question was withdrawn."),
}


class ApprovalStep(StepHandler):
    """Output: ``approved`` (true), ``by`` (user ids), ``answer`` (what was filled in). A refusal or a passed deadline fails it.

    The decision is bound to the hash of exactly the title, content and fields shown. Each attempt asks one question.
    """

    type = "approval"
    title = _("Ask a person")
    description = _("People say yes or no to what you show them, and may fill in fields. No answer in time means no.")
    category = "people"
    icon = "hand"
    closed = True
    errors = tuple(code for code, _message in FAILURES.values())
    config_schema = {
        "type": "object",
        "required": ["title"],
        "additionalProperties": False,
        "properties": {
            "title": {"type": "string", "minLength": 1, "maxLength": 200},
            "content": {},
            "fields": {"type": "object"},
            "who": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "roles": PROPERTIES["roles"],
                    "users": {"type": "array", "maxItems": 50, "items": {"type": "integer"}},
                },
            },
            "delegate": {"type": "boolean"},
            **{name: schema for name, schema in PROPERTIES.items() if name != "roles"},
        },
    }
    output_schema = {
        "type": "object",
        "required": ["approved", "by", "answer"],
        "properties": {
            "approved": {"const": True},
            "by": {"type": "array", "items": {"type": "integer"}},
            "answer": {"type": "object"},
        },
    }

    def run(self, ctx: StepContext) -> StepResult | Wait:
        payload = canonical(
            {"title": ctx.config["title"], "content": ctx.config.get("content"), "fields": ctx.config.get("fields", {})}
        )
        row = (
            Approval.objects.filter(run_id=ctx.run_id, path=ctx.path, attempt=ctx.attempt, effect=None)
            .order_by("-pk")
            .first()
        )
        digest = payload_digest(self.type, payload)
        if (
            row is not None
            and row.payload_hash != digest
            and row.state in (ApprovalState.PENDING, ApprovalState.APPROVED)
        ):
            asking.void(row, note=str(_("What is asked is not what was shown.")))
            row = self._ask(ctx, payload, replaces=row)
        elif row is None or row.state == ApprovalState.VOID:
            row = self._ask(ctx, payload, replaces=row)
        if row.state == ApprovalState.PENDING:
            return Wait(event=APPROVAL, needs_person=True, summary=row.title)
        if row.state != ApprovalState.APPROVED:
            code, message = FAILURES[ApprovalState(row.state)]
            raise EffectFailed(FailureKind.DENIED, code, f"{message} {row.note}".strip())
        votes = ApprovalVote.objects.filter(approval=row, choice=Choice.APPROVE).order_by("effective_at")
        output = {"approved": True, "by": list(votes.values_list("user_id", flat=True)), "answer": row.answer or {}}
        return StepResult(output=output, summary=f"Approved: {row.title}"[:500])

    def _ask(self, ctx: StepContext, payload: str, *, replaces: Approval | None) -> Approval:
        config: Mapping[str, Any] = ctx.config
        return asking.ask(
            run_id=ctx.run_id,
            path=ctx.path,
            attempt=ctx.attempt,
            step_type=self.type,
            title=config["title"],
            payload=payload,
            asking=asking_for({**config, **config.get("who", {})}),
            risk_class=RiskClass.B.value,
            reasons=ASKS,
            fields=config.get("fields", {}),
            replaces=replaces.pk if replaces is not None else None,
        )
