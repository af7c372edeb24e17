"""People at work in tests: step types of every class over the provider double, and short ways to decide."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from apps.core.reach import Audience, Reach
from apps.workflows.approvals import deciding
from apps.workflows.approvals.enums import Channel
from apps.workflows.approvals.models import Approval
from apps.workflows.contracts import StepContext
from apps.workflows.enums import EffectClass
from tests.workflows.driving import drain, inside
from tests.workflows.provider_steps import LookupStep, ProviderStep

SCHEMA = {
    "type": "object",
    "required": ["reference"],
    "additionalProperties": False,
    "properties": {
        "reference": {"type": "string", "minLength": 1, "maxLength": 200},
        "to": {"type": "string", "format": "email"},
        "text": {"type": "string", "maxLength": 2000},
        "amount": {"type": "integer", "minimum": 0},
        "delay_ms": {"type": "integer"},
    },
}


class Mail(ProviderStep):
    """Writes to whoever ``to`` names, and pays when there is an ``amount``."""

    type, endpoint, effect = "test.mail", "keyed", EffectClass.KEYED
    sensitive = {"to": "recipient", "amount": "amount"}

    def prepare(self, ctx: StepContext) -> Mapping[str, Any]:
        return {"delay_ms": 0, **ctx.config}

    def reach(self, request: Mapping[str, Any]) -> Reach:
        amount = request.get("amount")
        return Reach(
            writes=True,
            audience=Audience.OUTSIDE,
            recipients=(request.get("to", "stranger@elsewhere.example"),),
            amount_minor=amount,
            currency="EUR" if amount is not None else "",
        )

    def editable(self, request: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        return request, SCHEMA

    def edited(self, request: Mapping[str, Any], value: Mapping[str, Any]) -> Mapping[str, Any]:
        return dict(value)


class BlindMail(Mail):
    """The same without a key."""

    type, endpoint, effect = "test.blind_mail", "blind", EffectClass.BLIND


class LookupMail(Mail, LookupStep):
    """The same, its outcome can be looked up."""

    type, endpoint, effect = "test.lookup_mail", "lookup", EffectClass.LOOKUP


class MuteStep(ProviderStep):
    """Cannot say what it reaches."""

    type, endpoint, effect = "test.mute", "keyed", EffectClass.KEYED

    def reach(self, request: Mapping[str, Any]) -> Reach:
        raise KeyError("nobody knows")


STEPS = (Mail(), BlindMail(), LookupMail(), MuteStep())


def one_mail(**more: Any) -> dict[str, Any]:
    """A workflow of one risky step."""
    return {
        "a": {"type": "test.mail", "title": "Write to the client", "with": {"reference": {"$ref": "run.id"}}, **more}
    }


def question(run_id: UUID) -> Approval:
    """The latest question of a run."""
    with inside():
        return Approval.objects.filter(run_id=run_id).order_by("-pk")[0]


def decide(run_id: UUID, choice: str = "approve", *, user: Any, go_on: bool = True, **more: Any) -> Approval:
    """Decide about the latest question as it stands, and let the run go on."""
    row = question(run_id)
    with inside():
        decided = deciding.decide(
            approval_id=row.pk,
            choice=choice,
            payload_hash=more.pop("payload_hash", row.payload_hash),
            user_id=user.pk,
            channel=more.pop("channel", Channel.PORTAL),
            **more,
        )
    if go_on:
        drain()
    return decided
