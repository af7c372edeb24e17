"""Describe a job: say what shall happen, read the workflow that came of it, take it into the builder or ask for a change."""

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
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.guards import permission_required
from apps.core.errors import InvalidInput, PlatformError
from apps.core.problems import describe
from apps.core.throttle import knock
from apps.workflows.authoring import suggestions
from apps.workflows.authoring.models import Suggestion, SuggestionState
from apps.workflows.authoring.presentation import outline_of

ASKED_PER_HOUR = 40


@require_http_methods(["GET", "POST"])
@permission_required("workflows.manage")
def suggestion_create(request: HttpRequest) -> HttpResponseBase:
    """The form; a sent goal is worked out line by line for the page's own script, else at once and shown as a page."""
    if request.method == "GET":
        return _form(request, typed=request.GET.get("q", "")[: suggestions.GOAL_MAX])
    typed, user_id = request.POST.get("goal", ""), _user_id(request)
    streams = request.headers.get("Accept") == "application/x-ndjson"
    try:
        knock(request, door=f"describe:{user_id}", times=ASKED_PER_HOUR, seconds=3600)
        suggestion = suggestions.ask(goal=typed, user_id=user_id, based_on=request.POST.get("based_on", "")[:80])
    except PlatformError as error:
        if streams:
            return HttpResponse(
                json.dumps(describe(error)), status=error.status, content_type="application/problem+json"
            )
        return _form(request, typed=typed, problem=error)
    return _worked_out(suggestion, streams=streams)


def _worked_out(suggestion: Suggestion, *, streams: bool) -> HttpResponseBase:
    if streams:
        return StreamingHttpResponse(
            _lines(suggestion),
            content_type="application/x-ndjson; charset=utf-8",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )
    for _progress in suggestions.work_out(suggestion, language=get_language() or "en"):
        pass
    return redirect("authoring:suggestion_detail", suggestion.pk)


def _lines(suggestion: Suggestion) -> Iterator[bytes]:
    url = reverse("authoring:suggestion_detail", args=[suggestion.pk])
    for progress in suggestions.work_out(suggestion, language=get_language() or "en"):
        line: dict[str, Any] = {"done": url} if progress.is_last else {"text": progress.text}
        yield (json.dumps(line, ensure_ascii=False) + "\n").encode()


def _form(request: HttpRequest, *, typed: str = "", problem: PlatformError | None = None) -> HttpResponse:
    if isinstance(problem, InvalidInput):
        complaint = str(problem.fields.get("goal", problem.text))
    else:
        complaint = problem.text if problem else ""
    context = {
        "typed": typed,
        "problem": complaint,
        "goal_max": suggestions.GOAL_MAX,
        "examples": _examples(),
        "earlier": suggestions.list_latest(user_id=_user_id(request)),
    }
    return render(
        request, "workflows/authoring/suggestion_form.html", context, status=problem.status if problem else 200
    )


@require_GET
@permission_required("workflows.manage")
def suggestion_detail(request: HttpRequest, suggestion_id: UUID) -> HttpResponse:
    """What was drawn, in words: steps, what it asks, what is still wrong, what it cost."""
    suggestion = suggestions.get(suggestion_id=suggestion_id, user_id=_user_id(request))
    context = {
        "suggestion": suggestion,
        "is_ready": suggestion.state == SuggestionState.READY,
        "is_taken": suggestion.state == SuggestionState.TAKEN,
        "outline": outline_of(suggestion.definition) if suggestion.definition else [],
        "goal_max": suggestions.GOAL_MAX,
    }
    return render(request, "workflows/authoring/suggestion_detail.html", context)


@require_POST
@permission_required("workflows.manage")
def suggestion_retry(request: HttpRequest, suggestion_id: UUID) -> HttpResponseBase:
    """Work out again what was interrupted."""
    suggestion = suggestions.get(suggestion_id=suggestion_id, user_id=_user_id(request))
    if suggestion.state == SuggestionState.WORKING:
        return _worked_out(suggestion, streams=False)
    return redirect("authoring:suggestion_detail", suggestion.pk)


@require_POST
@permission_required("workflows.manage")
def suggestion_take(request: HttpRequest, suggestion_id: UUID) -> HttpResponse:
    """Open it in the builder as a draft; nothing runs and nothing is published yet."""
    try:
        slug = suggestions.take(suggestion_id=suggestion_id, user_id=_user_id(request))
    except PlatformError as error:
        messages.error(request, error.text)
        return redirect("authoring:suggestion_detail", suggestion_id)
    messages.success(request, _("This is your draft. Nothing runs before you publish it."))
    return redirect("workflows:builder", slug)


def _user_id(request: HttpRequest) -> int:
    user_id = request.user.pk
    assert isinstance(user_id, int)
    return user_id


def _examples() -> list[str]:
    return [
        _("When an email arrives, classify it as urgent, normal or spam, and if it is urgent notify me"),
        _("Every Monday at 9 fetch https://example.org/news, summarise it and post it to Slack #team"),
        _("Write a reply to the customer, let me approve it, then send it by email"),
    ]
