"""From a committed intent to a call on a lane: unlock credentials, mark the effect as sent, hand it over."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from apps.dispatch.contracts import ClaimedWork, Lanes
from apps.workflows.contracts import EffectFailed, StepHandler
from apps.workflows.core.effects import payload_digest, request_digest
from apps.workflows.core.secrets import Mask
from apps.workflows.core.taxonomy import FailureKind
from apps.workflows.engine import store
from apps.workflows.engine.failures import classify, connection_is_gone
from apps.workflows.engine.live import Call, LiveRun
from apps.workflows.faultpoints import reach
from apps.workflows.services.secrets import known_values

# A call that could not start this long after it was marked as sent is not made: somebody may be asking about it by then.
STALE_S = 20.0
NOT_IN_FORCE = "The approval was not in force any more when the request was about to be sent."


@dataclass(slots=True)
class Ticket:
    """The token of one submitted call; ``lost`` once its claim is."""

    call: Call
    tenant_id: int
    epoch: int
    work: ClaimedWork
    lost: bool = False


@dataclass(slots=True)
class Refusal:
    """A call that was not made, with the reason, to be handled like an answer."""

    live: LiveRun
    call: Call
    error: Exception


def boot_clock() -> float:
    """Seconds since boot, counting time asleep, so that a suspended machine does not send old calls when it wakes."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def send(
    calls: Sequence[tuple[LiveRun, Call]],
    *,
    handlers: Mapping[str, StepHandler],
    lanes: Lanes,
    ticket: Callable[[LiveRun, Call], Ticket],
    on_late: Callable[[Ticket, Any], None],
) -> list[Refusal]:
    """Mark the calls as sent in one transaction, then submit them. Returns those that could not be unlocked or lack approval.

    An effect that is no longer this claim's is left alone, and one that people must approve is marked only while an approval of
    exactly its bytes is in force: here, in the statement that marks, and in a trigger of the table. Raises database errors; then
    nothing is sent, and what was marked is found as ``sending`` by whoever loads the run next.
    """
    refusals: list[Refusal] = []
    unlocked: list[tuple[LiveRun, Call, object]] = []
    with transaction.atomic():
        for live, call in calls:
            handler = handlers[call.type]
            try:
                if request_digest(call.request_text) != call.request_hash:
                    raise EffectFailed(
                        FailureKind.DENIED, "request_changed", "The request is not the one that was recorded."
                    )
                if call.held and payload_digest(call.type, call.request_text) != call.approved:
                    raise EffectFailed(
                        FailureKind.DENIED, "not_approved", "Nobody approved exactly this request; it is not sent."
                    )
                unlocked.append((live, call, _unlock(handler, call)))
            except Exception as error:
                if connection_is_gone(error):
                    raise
                refusals.append(Refusal(live, call, _as_not_sent(error)))
        values = known_values({name for live, _call, _secrets in unlocked for name in live.version.secrets})
        marked = _mark([call for _live, call, _secrets in unlocked if not call.find], handlers)
        reach("mark.before_commit")
    reach("mark.after_commit")
    marked_at = boot_clock()
    for live, call, secrets in unlocked:
        if not call.find and call.effect_id not in marked:
            if call.held:
                refusals.append(Refusal(live, call, EffectFailed(FailureKind.TRANSIENT, "approval_gone", NOT_IN_FORCE)))
            continue
        call.sends = marked.get(call.effect_id, call.sends)
        slip = ticket(live, call)
        timeout = (
            live.version.definition.steps[live.state.token(call.token).step].timeout_s or handlers[call.type].timeout_s
        )  # type: ignore[union-attr]
        mask = Mask(values[name] for name in live.version.secrets if name in values)
        work = _transmission(handlers[call.type], slip, secrets, timeout, marked_at, on_late, mask)
        lanes.submit(live.work, _quiet(work, mask) if values else work, slip)
    return refusals


def _unlock(handler: StepHandler, call: Call) -> object:
    if type(handler).unlock is StepHandler.unlock:
        return None
    with transaction.atomic():
        return handler.unlock(call.ctx, json.loads(call.request_text))


def _as_not_sent(error: Exception) -> Exception:
    """An error before sending leaves no doubt about the effect."""
    if isinstance(error, EffectFailed):
        return error
    failure = classify(error, sent=False)
    kind = FailureKind.TRANSIENT if failure.kind in (FailureKind.POISON, FailureKind.UNKNOWN) else failure.kind
    return EffectFailed(kind, failure.code, failure.message, retry_after=failure.retry_after)


def _mark(calls: Sequence[Call], handlers: Mapping[str, StepHandler]) -> dict[str, int]:
    if not calls:
        return {}
    return store.mark_sent(
        [
            {
                "id": call.effect_id,
                "work": call.work_id,
                "fence": call.fence,
                "hash": call.request_hash,
                "key_window": handlers[call.type].key_window_s,
                "approved": call.approved,
            }
            for call in calls
        ]
    )


def _transmission(
    handler: StepHandler,
    slip: Ticket,
    secrets: object,
    timeout: float,
    marked_at: float,
    on_late: Callable[[Ticket, Any], None],
    mask: Mask,
) -> Callable[[], object]:
    call = slip.call

    def transmit() -> object:
        if slip.lost or boot_clock() - marked_at > STALE_S:
            raise EffectFailed(
                FailureKind.TRANSIENT, "not_sent", "The call was not made: its claim may have passed to another worker."
            )
        request = json.loads(call.request_text)
        deadline = time.monotonic() + timeout
        if call.find:
            reach("find.before_send")
            found = mask.hide(handler.find(request, secrets, key=call.key, deadline=deadline))
            reach("find.after_answer")
            return found
        reach("call.before_send")
        answer = mask.hide(handler.perform(request, secrets, key=call.key, deadline=deadline))
        reach("call.after_answer")
        if slip.lost:
            on_late(slip, answer)
        return answer

    return transmit


def _quiet(work: Callable[[], object], mask: Mask) -> Callable[[], object]:
    """The same call, but its error does not repeat a value of a secret that the workflow uses."""

    def transmit() -> object:
        try:
            return work()
        except Exception as error:
            failure = classify(error, sent=True)
            hidden = mask.text(failure.message)
            if hidden == failure.message:
                raise
            told = EffectFailed(
                failure.kind, failure.code, hidden, retry_after=failure.retry_after, status=failure.status
            )
        raise told

    return transmit
