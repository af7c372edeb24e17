"""The assistant's page: ask, read the answer while it is written, see where each fact stands, delete a conversation."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.guards import held_permissions, permission_required
from apps.core.errors import InvalidInput, NotFound, PlatformError
from apps.core.problems import describe
from apps.core.throttle import knock
from apps.tasks.assistant import answering, talking
from apps.tasks.assistant.contracts import Caller
from apps.tasks.models import ConversationTurn

ASKED_PER_MINUTE = 20


def _caller(request: HttpRequest) -> Caller:
    user_id = request.user.pk
    assert isinstance(user_id, int)
    return Caller(user_id=user_id, permissions=held_permissions(request), language=get_language() or "en")


@require_GET
@permission_required("workspace.view")
def conversation_new(request: HttpRequest) -> HttpResponse:
    """An empty conversation with questions to begin with; ``q`` fills the field, as the palette does."""
    return _show(request, None, typed=request.GET.get("q", "")[: talking.QUESTION_MAX])


@require_GET
@permission_required("workspace.view")
def conversation_detail(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """One of the person's own conversations."""
    return _show(request, conversation_id)


@require_POST
@permission_required("workspace.view")
def ask(request: HttpRequest) -> HttpResponseBase:
    """Answer a question: line by line as JSON for the page's own script, else at once and back to the conversation."""
    caller, typed = _caller(request), request.POST.get("question", "")
    streams = request.headers.get("Accept") == "application/x-ndjson"
    conversation_id = _conversation_id(request.POST.get("conversation", ""))
    try:
        knock(request, door=f"assistant:{caller.user_id}", times=ASKED_PER_MINUTE, seconds=60)
        turn = talking.ask(caller, typed, conversation_id=conversation_id)
    except NotFound:
        raise
    except PlatformError as error:
        if streams:
            return HttpResponse(
                json.dumps(describe(error)), status=error.status, content_type="application/problem+json"
            )
        return _show(request, conversation_id, typed=typed, problem=error)
    if streams:
        return StreamingHttpResponse(_lines(caller, turn), content_type="application/x-ndjson; charset=utf-8",
                                     headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})  # fmt: skip
    for _piece in talking.answer_turn(caller, turn):
        pass
    return redirect("assistant:conversation_detail", turn.conversation_id)


@require_POST
@permission_required("workspace.view")
def conversation_delete(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Delete a conversation and everything said in it."""
    title = talking.delete_conversation(_caller(request), conversation_id)
    messages.success(request, _("The conversation “%(title)s” is deleted.") % {"title": title})
    return redirect("assistant:conversation_new")


def _lines(caller: Caller, turn: ConversationTurn) -> Iterator[bytes]:
    url = reverse("assistant:conversation_detail", args=[turn.conversation_id])
    yield _line({"conversation": str(turn.conversation_id), "url": url})
    for piece in talking.answer_turn(caller, turn):
        yield _line(answering.as_json(piece))


def _line(values: dict[str, Any]) -> bytes:
    return (json.dumps(values, ensure_ascii=False) + "\n").encode()


def _show(request: HttpRequest, conversation_id: UUID | None, *, typed: str = "",
          problem: PlatformError | None = None) -> HttpResponse:  # fmt: skip
    caller = _caller(request)
    chosen = talking.get_conversation(caller, conversation_id) if conversation_id else None
    field_problem = str(problem.fields.get("question", problem.text)) if problem else ""
    context = {
        "conversation": chosen,
        "turns": list(chosen.turns.order_by("created_at", "pk")) if chosen else [],
        "conversations": talking.list_conversations(caller),
        "examples": answering.examples(caller),
        "typed": typed,
        "problem": field_problem,
        "question_max": talking.QUESTION_MAX,
    }
    return render(request, "tasks/assistant/conversation.html", context, status=problem.status if problem else 200)


def _conversation_id(text: str) -> UUID | None:
    """Raises ``NotFound`` for an id that is none."""
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInput(fields={"conversation": "not an id"}) from None
