"""The person queue: asking, deciding once, and what the decision starts."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from apps.accounts import facade as accounts
from apps.ai import facade as ai
from apps.tasks import intake
from apps.tasks.contracts import TaskView
from apps.tasks.enums import Decision, EventKind, ReviewReason, ReviewState, TaskState
from apps.tasks.errors import AlreadyDecided, InvalidRequest
from apps.tasks.models import HeldDecision, ReviewItem, Task
from apps.tasks.notion import projections
from apps.tasks.selectors import get_task, load_task
from apps.tasks.services import recording
from apps.workflows import errors as workflow_errors
from apps.workflows import facade as workflows

EVENT = "task.review_decided"
MAX_ANSWER = 200_000
MAX_NOTE = 2_000
MAX_PERSON_REVISIONS = 5


def ask_person(
    *, task: Task, run_id: UUID, step_path: str, reason: str, answer: str, score: int | None, why: str = ""
) -> ReviewItem:
    """Put a locked task's answer into the person queue. The same step never asks twice. Inside the step's transaction."""
    code = ReviewReason(reason)
    item, created = ReviewItem.objects.get_or_create(
        run_id=run_id,
        step_path=step_path,
        defaults={"task": task, "reason": code, "why": why or str(code.label), "answer": answer, "score": score},
    )
    if created:
        recording.move(task, to=TaskState.REVIEW, event=EventKind.REVIEW_ASKED, detail=item.why, draft=answer)
        projections.task_moved(task)
    return item


def decide_review(
    *, task_id: UUID | str, decision: str, edited_text: str | None = None, reason: str = "", user_id: int
) -> TaskView:
    """Record a person's decision on the answer that waits and let the run go on. The first decision counts.

    ``approve`` delivers the answer, or ``edited_text`` in its place; ``revise`` needs ``reason``: it becomes the model's
    instruction; ``reject`` needs ``reason`` and ends the task. Raises ``NotAllowed``, ``UnknownTask``, ``AlreadyDecided``
    (also when nothing waits), ``InvalidRequest``.
    """
    accounts.require(user_id, "tasks.review")
    choice, text, note = checked(decision, edited_text, reason)
    with transaction.atomic():
        item = ReviewItem.objects.filter(task_id=load_task(task_id).id, state=ReviewState.OPEN).first()
        if item is None or HeldDecision.objects.filter(review=item).exists():
            raise AlreadyDecided
        answer = item.answer if text is None else text
        require_possible(item, choice, answer)
        _signal(
            item,
            {"decision": choice.value, "text": answer, "edited": text is not None, "note": note, "user_id": user_id},
        )
        task = recording.require_lock(item.task_id)
        decided = ReviewItem.objects.filter(id=item.id, state=ReviewState.OPEN).update(
            state=ReviewState.DECIDED,
            decision=choice,
            edited_text=text or "",
            note=note,
            decided_by=user_id,
            decided_at=Now(),
        )
        if not decided:
            raise AlreadyDecided
        recording.move(
            task, to=TaskState.RUNNING, event=EventKind.DECIDED, detail=_sentence(choice, note, text), actor_id=user_id
        )
        _label(task, choice, edited=text is not None, user_id=user_id, note=note)
        projections.task_moved(task)
    return get_task(task.id)


def _signal(item: ReviewItem, payload: dict[str, Any]) -> None:
    try:
        workflows.signal_run(run_id=item.run_id, event=EVENT, payload=payload, wait_path=item.step_path)
    except (workflow_errors.AlreadyDecided, workflow_errors.NotWaiting) as error:
        raise AlreadyDecided(detail=str(error)) from None


def withdraw_reviews(task: Task) -> None:
    """Close what is open because the task is cancelled or starts again; a decision not in effect yet goes with it."""
    HeldDecision.objects.filter(review__task=task).delete()
    ReviewItem.objects.filter(task=task, state=ReviewState.OPEN).update(state=ReviewState.WITHDRAWN)


def checked(decision: str, edited_text: str | None, reason: str) -> tuple[Decision, str | None, str]:
    """A decision in its stored form. Raises ``InvalidRequest`` naming the fields at fault."""
    problems: dict[str, str] = {}
    if decision not in Decision.values:
        problems["decision"] = _("Use one of: %(known)s.") % {"known": ", ".join(Decision.values)}
    if edited_text is not None and (not isinstance(edited_text, str) or len(edited_text) > MAX_ANSWER):
        problems["edited_text"] = _("At most %(limit)d characters of text.") % {"limit": MAX_ANSWER}
    if edited_text is not None and decision != Decision.APPROVE:
        problems["edited_text"] = _("Edit the answer only together with “approve”.")
    note = intake.cleaned(reason) if isinstance(reason, str) else ""
    if len(note) > MAX_NOTE:
        problems["reason"] = _("At most %(limit)d characters.") % {"limit": MAX_NOTE}
    if decision in (Decision.REJECT, Decision.REVISE) and not note:
        problems["reason"] = _("Say why, so that the requester, or the next version, can do better.")
    if problems:
        raise InvalidRequest(fields=problems)
    return Decision(decision), None if edited_text is None else intake.cleaned(edited_text), note


def require_possible(item: ReviewItem, choice: Decision, answer: str) -> None:
    """Raise ``InvalidRequest`` for an approval of nothing, or one version too many."""
    if choice == Decision.APPROVE and not answer.strip():
        raise InvalidRequest(fields={"edited_text": _("There is no answer yet. Write one, then approve.")})
    if choice == Decision.REVISE:
        asked = ReviewItem.objects.filter(task_id=item.task_id, decision=Decision.REVISE).count()
        if asked >= MAX_PERSON_REVISIONS:
            raise InvalidRequest(
                fields={
                    "decision": _(
                        "Another version was asked for %(times)d times. Edit the answer yourself, or reject it."
                    )
                    % {"times": asked}
                }
            )


def _sentence(choice: Decision, note: str, text: str | None) -> str:
    said = str(choice.label) + (f" ({_('edited')})" if text is not None else "")
    return f"{said}: {note}" if note else said


def _label(task: Task, choice: Decision, *, edited: bool, user_id: int, note: str) -> None:
    """Tell the quality gate what a person thought of the answer it judged; only answers it scored count."""
    key = task.review_key
    if not key:
        return
    ai.label_verdict(answer_key=key, approved=choice == Decision.APPROVE, edited=edited, user_id=user_id, reason=note)


def review_payload(payload: Any) -> dict[str, Any]:
    """A decision as the waiting step hands it on; a foreign or broken payload counts as a rejection with the reason."""
    if not isinstance(payload, dict) or payload.get("decision") not in Decision.values:
        return {
            "decision": Decision.REJECT.value,
            "text": "",
            "edited": False,
            "note": _("The decision could not be read."),
            "user_id": None,
        }
    return {
        "decision": payload["decision"],
        "text": str(payload.get("text", "")),
        "edited": bool(payload.get("edited")),
        "note": str(payload.get("note", "")),
        "user_id": payload.get("user_id"),
    }
