"""Suggestions: asked for, worked out, taken into the builder or left. Every lookup names the person who asked."""

from collections.abc import Iterator
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.errors import Conflict, InvalidInput, NotFound
from apps.workflows.authoring.asking import Design, Progress, design
from apps.workflows.authoring.bench import workbench
from apps.workflows.authoring.models import Suggestion, SuggestionState
from apps.workflows.builder import drafts
from apps.workflows.services.definitions import create_workflow

GOAL_MAX = 4000
LISTED = 12


class SuggestionTaken(Conflict):
    """It is in the builder already, or there is nothing in it to take."""

    code = "suggestion_not_open"
    message = gettext_lazy("This suggestion cannot be taken any more. Describe the job again.")


def ask(*, goal: str, user_id: int, based_on: str = "") -> Suggestion:
    """Keep what was asked. Raises ``InvalidInput`` for an empty or endless goal, ``UnknownWorkflow`` for an unknown base."""
    goal = goal.replace("\x00", "").strip()
    if not goal:
        raise InvalidInput(fields={"goal": _("Say in a sentence or two what shall happen.")})
    if len(goal) > GOAL_MAX:
        raise InvalidInput(fields={"goal": _("At most %(limit)s characters.") % {"limit": GOAL_MAX}})
    if based_on:
        drafts.require_workflow(based_on)
    return Suggestion.objects.create(goal=goal, user_id=user_id, based_on=based_on)


def get(*, suggestion_id: UUID, user_id: int) -> Suggestion:
    """One of the person's own. Raises ``NotFound`` for anybody else's."""
    found = Suggestion.objects.filter(pk=suggestion_id, user_id=user_id).first()
    if found is None:
        raise NotFound(detail=f"suggestion {suggestion_id}")
    return found


def list_latest(*, user_id: int) -> list[Suggestion]:
    """The person's own, the latest first."""
    return list(Suggestion.objects.filter(user_id=user_id).order_by("-created_at")[:LISTED])


def work_out(suggestion: Suggestion, *, language: str) -> Iterator[Progress]:
    """Design it, telling how it goes; what was made is kept before the last line is told. A second call starts over.

    Outside any transaction. When the reader leaves in between, the suggestion stays ``working`` and can be worked out again.
    """
    base, base_name = None, ""
    if suggestion.based_on:
        draft = drafts.get_draft(slug=suggestion.based_on, actor_id=suggestion.user_id)
        base, base_name = draft.document, draft.name
    steps = design(
        suggestion.goal, bench=workbench(), language=language, user_id=suggestion.user_id, key=f"design:{suggestion.pk}",
        base=base, base_name=base_name,
    )  # fmt: skip
    for progress in steps:
        if progress.is_last:
            _keep(suggestion, progress.design)
        yield progress


def _keep(suggestion: Suggestion, made: Design | None) -> None:
    open_one = Suggestion.objects.filter(pk=suggestion.pk, state=SuggestionState.WORKING)
    if made is None:
        open_one.update(state=SuggestionState.EMPTY)
    else:
        open_one.update(
            state=SuggestionState.READY, name=made.name, definition=made.definition, explanation=made.explanation,
            questions=list(made.questions), mended=list(made.mended), origin=made.origin, rounds=made.rounds, model=made.model,
            problems=[{"place": one.place, "message": one.message} for one in made.problems],
            cost_micros=made.cost_micros, note=made.note,
        )  # fmt: skip
    suggestion.refresh_from_db()


def take(*, suggestion_id: UUID, user_id: int) -> str:
    """Put the suggestion into the builder as a draft, of a new workflow or the one it changes; returns its slug.

    Nothing is published. A second call returns the same workflow. Raises ``SuggestionTaken`` when there is nothing to take.
    """
    with transaction.atomic():
        suggestion = Suggestion.objects.select_for_update().filter(pk=suggestion_id, user_id=user_id).first()
        if suggestion is None:
            raise NotFound(detail=f"suggestion {suggestion_id}")
        if suggestion.state == SuggestionState.TAKEN:
            return str(suggestion.workflow)
        if suggestion.state != SuggestionState.READY:
            raise SuggestionTaken(detail=suggestion.state)
        slug = suggestion.based_on or create_workflow(name=suggestion.name, user_id=user_id).slug
        drafts.replace_document(
            slug=slug, document=suggestion.definition, actor_id=user_id, reason=f"suggestion {suggestion.pk}"
        )
        suggestion.state, suggestion.workflow = SuggestionState.TAKEN, slug
        suggestion.save(update_fields=["state", "workflow"])
    return slug
