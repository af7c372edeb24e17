"""How the steps of a shadow get their answers without anything leaving: from the record, from a rehearsal, or undone afterwards.

Steps that write own tables run for real and are undone at once. What waits for people or time is answered as it was then.
Only model steps may really call, when a person agreed to pay; whatever this code does, the database refuses to mark anything else
as sent.
"""

import json
from dataclasses import dataclass
from typing import Any

from django.db import connection

from apps.core.errors import LimitReached
from apps.workflows.contracts import Sleep, StepContext, StepHandler, StepResult
from apps.workflows.core import events as ev
from apps.workflows.core.definition import Step, canonical
from apps.workflows.core.state import Token
from apps.workflows.core.taxonomy import Failure, FailureKind
from apps.workflows.engine.failures import classify, connection_is_gone
from apps.workflows.engine.live import LiveRun
from apps.workflows.engine.plain_json import clean
from apps.workflows.engine.steps import BadConfig, StepRunner, make_context
from apps.workflows.enums import EffectClass
from apps.workflows.whatif.enums import Answered
from apps.workflows.whatif.shadow import MODEL_TYPES, Recorded, Shadow

WOULD_WAIT = Failure(
    kind=FailureKind.PERMANENT,
    code="would_wait",
    message="It would wait here, and nothing is on record about the answer.",
)
HOLD = """
UPDATE workflows_whatif w SET held_micros = w.held_micros + %(amount)s
FROM workflows_whatifrun x WHERE x.shadow_id = %(run)s AND w.id = x.what_if_id AND w.pays AND w.state = 'running'
  AND w.held_micros + %(amount)s <= w.cap_micros
RETURNING w.id
"""
HOLD_RUN = "UPDATE workflows_whatifrun SET held_micros = held_micros + %(amount)s WHERE shadow_id = %(run)s"


@dataclass(frozen=True, slots=True)
class Reply:
    """What stands in for the outside: a result or a failure, and where it came from."""

    answered: Answered
    result: StepResult | None = None
    failure: Failure | None = None


def shadow_of(live: LiveRun) -> Shadow:
    """What a shadow follows; it is only asked for shadows."""
    if live.shadow is None:
        raise TypeError(f"run {live.id} is not a shadow")
    return live.shadow


def run_inside(steps: StepRunner, live: LiveRun, token: Token, step: Step, handler: StepHandler, now: float) -> None:
    """A pure step of a shadow: what it writes is undone, what it waits for is answered as it was."""
    shadow = shadow_of(live)
    try:
        ctx = make_context(
            live, token, step, handler, tenant=steps.tenant, now=now, validator=steps.validators[step.type]
        )
        ctx = shadow.as_origin(ctx, step.type)
        answer = steps.guard.rehearse(lambda: handler.run(ctx)) if handler.touches_database else handler.run(ctx)
        if isinstance(answer, StepResult):
            _succeed(steps, live, token, answer.output, answer.summary, now)
        elif isinstance(answer, Sleep) and not answer.again:
            live.apply(ev.Succeeded(token.id, {}, ""), now)
        else:
            _as_it_was(steps, live, token, shadow.recorded(token.path, step.type), now)
    except Exception as error:  # noqa: BLE001 - whatever a step's code raises is the step's failure
        _fail(live, token, error, now)


def _as_it_was(steps: StepRunner, live: LiveRun, token: Token, recorded: Recorded | None, now: float) -> None:
    if recorded is None:
        live.apply(ev.Failed(token.id, WOULD_WAIT, None), now)
    elif recorded.state == "succeeded":
        _succeed(steps, live, token, recorded.output, recorded.summary, now)
    else:
        live.apply(ev.Failed(token.id, _failure_of(recorded), None), now)


def answer_inside(
    effects: Any, live: LiveRun, token: Token, step: Step, handler: StepHandler, ctx: StepContext, now: float
) -> dict[str, Any] | None:
    """Answer an outside step of a shadow. The effect row to keep, or None when the model may really be asked."""
    shadow = shadow_of(live)
    is_model = handler.effect is EffectClass.METERED and step.type.startswith(MODEL_TYPES)
    asking = shadow.as_origin(ctx, step.type)
    recorded = shadow.recorded(token.path, step.type)
    text = "{}"
    try:
        text = clean(canonical(effects.steps.guard.rehearse(lambda: handler.prepare(asking))))
    except LimitReached:
        if not is_model or shadow.pays:
            raise
    if recorded is not None and text != "{}" and shadow.same_request(token.path, step.type, text):
        reply = _recorded_reply(recorded, Answered.RECORD)
    elif not is_model:
        reply = _stand_in(handler, asking, text, recorded, Answered.NOT_SENT)
    elif not shadow.pays:
        reply = _stand_in(handler, asking, text, recorded, Answered.WOULD_ASK)
    elif not effects.judges_held(live, token, handler, text) and _may_pay(live, text):
        return None
    else:
        reply = _stand_in(handler, asking, text, recorded, Answered.CAP)
    return _take(effects, live, token, handler, ctx, text, reply, now)


def _recorded_reply(recorded: Recorded, answered: Answered) -> Reply:
    if recorded.state == "failed":
        return Reply(answered, failure=_failure_of(recorded))
    return Reply(answered, result=StepResult(output=recorded.output, summary=recorded.summary))


def _stand_in(
    handler: StepHandler, ctx: StepContext, text: str, recorded: Recorded | None, answered: Answered
) -> Reply:
    """The handler's own rehearsal where it has one; else the past answer stands in, so that what follows can be shown."""
    own = type(handler).rehearse is not StepHandler.rehearse
    if recorded is not None and recorded.state == "succeeded" and not own:
        return Reply(answered, result=StepResult(output=recorded.output, summary=recorded.summary))
    return Reply(answered, result=handler.rehearse(ctx, json.loads(text)))


def _may_pay(live: LiveRun, text: str) -> bool:
    """Set the call's highest cost aside within the limit of the comparison, in one conditional statement."""
    amount = int(json.loads(text).get("allowance") or 0) if text else 0
    values: dict[str, int | str] = {"amount": amount, "run": live.id}
    with connection.cursor() as cursor:
        cursor.execute(HOLD, values)
        if cursor.fetchone() is None:
            return False
        cursor.execute(HOLD_RUN, values)
    return True


def _take(
    effects: Any,
    live: LiveRun,
    token: Token,
    handler: StepHandler,
    ctx: StepContext,
    text: str,
    reply: Reply,
    now: float,
) -> dict[str, Any]:
    row = {"response": {"dry_run": True, "what_if": reply.answered.value}, "state": "succeeded", "request": text}
    if reply.failure is not None:
        live.apply(ev.Failed(token.id, reply.failure, None), now)
        return {**row, "state": "failed"}
    assert reply.result is not None
    _succeed(effects.steps, live, token, reply.result.output, reply.result.summary, now)
    return row


def _succeed(steps: StepRunner, live: LiveRun, token: Token, output: Any, summary: str, now: float) -> None:
    """Without usage: what was answered from the record was paid for then."""
    steps.succeed(live, token, StepResult(output=output, summary=summary), now)


def _failure_of(recorded: Recorded) -> Failure:
    error = recorded.error or {}
    return Failure(kind=FailureKind.PERMANENT, code=error.get("code", "failed"), message=error.get("message", ""))


def _fail(live: LiveRun, token: Token, error: Exception, now: float) -> None:
    """A shadow tries once: the same attempt again would meet the same record."""
    if connection_is_gone(error):
        raise error
    failure = (
        Failure(kind=FailureKind.PERMANENT, code="bad_config", message=str(error))
        if isinstance(error, BadConfig)
        else classify(error, sent=False)
    )
    live.apply(ev.Failed(token.id, failure, None), now)
