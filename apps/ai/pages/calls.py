"""Single calls to models: the list behind every figure, and one call with all that is known of it."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from apps.accounts.guards import held_permissions, permission_required
from apps.ai.enums import CallState
from apps.ai.models import AICall
from apps.ai.pages.filtering import UsageFilter, names_of
from apps.ai.prompts import builtin, library
from apps.ai.registries import call_texts
from apps.ai.usage.calls import get_call, list_calls, siblings_of

TEXT_PERMISSION = "prompts.manage"


@require_GET
@permission_required("costs.view")
def call_list(request: HttpRequest) -> HttpResponse:
    """Calls, newest first."""
    wanted = UsageFilter.of(request)
    state = request.GET.get("state", "")
    state = state if state in CallState.values else ""
    calls, cursor = list_calls(first=wanted.first, last=wanted.last, chosen=wanted.chosen, state=state,
                               cursor=request.GET.get("cursor", ""))  # fmt: skip
    people = names_of([*(call.user_id for call in calls), wanted.chosen.get("user_id")])
    states = [("", _("All")), *CallState.choices]
    context = {
        "filter": wanted,
        "months": wanted.months,
        "chips": wanted.chips(people),
        "calls": calls,
        "state": state,
        "states": [{"label": label, "query": wanted.query(state=value or None), "current": value == state}
                   for value, label in states],
        "next_query": wanted.query(state=state or None, cursor=cursor) if cursor else "",
        "query": wanted.query(state=state or None),
        "now": timezone.now(),
    }  # fmt: skip
    return render(request, "ai/call_list.html", context)


@require_GET
@permission_required("costs.view")
def call_detail(request: HttpRequest, call_id: UUID) -> HttpResponse:
    """One call: what it was for, what it took and cost, and for those who may change prompts also what was said."""
    call = get_call(call_id)
    may_read = TEXT_PERMISSION in held_permissions(request)
    asked, answered = _texts(call) if may_read else ([], "")
    context = {
        "call": call,
        "siblings": siblings_of(call),
        "person": names_of([call.user_id]).get(call.user_id or 0, ""),
        "may_read": may_read,
        "asked": asked,
        "answered": answered,
        "prompt_url": _prompt_url(call.prompt_version),
        "now": timezone.now(),
    }
    return render(request, "ai/call_detail.html", context)


def _prompt_url(label: str) -> str:
    """The page of the prompt or version a call was made with; none for drafts and for prompts of the platform's own acts."""
    slug, _sign, number = label.partition("@")
    if slug in builtin.offered():
        return reverse("prompts:builtin_detail", args=[slug])
    is_own = library.SLUG.fullmatch(slug) and slug not in library.RESERVED and number.isdecimal()
    return reverse("prompts:version_detail", args=[slug, int(number)]) if is_own else ""


def _texts(call: AICall) -> tuple[list[tuple[str, str]], str]:
    for source in call_texts:
        found = source.read(call.key, call.run_id)
        if found is not None:
            return found
    return [], ""
