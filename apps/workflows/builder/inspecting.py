"""The inspector: the settings of a step or of a part of the workflow, saved as patches; samples of a step's output."""

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.guards import permission_required
from apps.core.errors import InvalidInput, PlatformError
from apps.workflows.builder import drafts
from apps.workflows.builder.inspector import read_form
from apps.workflows.builder.looking import fragment, look
from apps.workflows.builder.palette import kinds_by_type
from apps.workflows.builder.parts import panes
from apps.workflows.builder.samples import pin, unpin
from apps.workflows.builder.views import actor, answered, back_to, refusal_json, wants_json, whole_page

Json = Any


@require_http_methods(["GET", "POST"])
@permission_required("workflows.manage")
def draft_step(request: HttpRequest, slug: str) -> HttpResponse:
    """GET: the inspector of one step. POST: what was typed there becomes patches of the draft."""
    data = request.POST if request.method == "POST" else request.GET
    step = data.get("step", "")[:80]
    draft = drafts.get_draft(slug=slug, actor_id=actor(request))
    if request.method == "GET":
        html = fragment(request, look(draft, absolute=request.build_absolute_uri), step)
        if html is None:
            return render(request, "workflows/builder/_no_step.html", {"draft": draft}, status=404)
        return HttpResponse(html)
    if panes.is_part(step):
        return _save_part(request, slug, step, draft)
    if step not in draft.document.get("steps", {}):
        return render(request, "workflows/builder/_no_step.html", {"draft": draft}, status=404)

    def save() -> drafts.Draft:
        return _changed(request, draft, read_form(draft.document["steps"][step], step, request.POST, kinds_by_type()))

    return answered(request, slug, save, revision=request.POST.get("revision"), step=step, show=True)


def _changed(request: HttpRequest, draft: drafts.Draft, patches: list[dict[str, Json]]) -> drafts.Draft:
    if not patches:
        return draft
    return drafts.change_draft(
        slug=draft.slug, revision=_number(request.POST.get("revision", "")), patches=patches, actor_id=actor(request),
        on_top=request.POST.get("on_top") == "1",
    )  # fmt: skip


def _save_part(request: HttpRequest, slug: str, key: str, draft: drafts.Draft) -> HttpResponse:
    """Save what was sent for a part of the workflow; a refusal comes back with what was typed, its text at the field."""
    seen = look(draft, absolute=request.build_absolute_uri)
    opens = key

    def save() -> drafts.Draft:
        nonlocal opens
        wanted = panes.save(seen, key, request.POST)
        found = _changed(request, draft, wanted.patches)
        opens = wanted.open
        return found

    try:
        fresh = save()
    except InvalidInput as error:
        fields = {place.rpartition(".")[2]: str(text) for place, text in error.fields.items()} or {"": error.text}
        again = replace(seen, sent=request.POST, refused=fields)
        if not wants_json(request):
            return whole_page(request, again, key, status=error.status)
        told = refusal_json(request, slug, error, None)
        return JsonResponse({**told, "html": fragment(request, again, key) or "", "open": key}, status=error.status)
    except PlatformError as error:
        refusal = error

        def refuse() -> drafts.Draft:
            raise refusal

        return answered(request, slug, refuse, revision=request.POST.get("revision"), step=key)
    return answered(request, slug, lambda: fresh, step=opens, show=True)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


@require_POST
@permission_required("workflows.manage")
def draft_sample(request: HttpRequest, slug: str) -> HttpResponse:
    """Pin an output to a step for trying the draft out, or take the pin away."""
    step, text = request.POST.get("step", "")[:60], request.POST.get("output", "").strip()
    draft = drafts.get_draft(slug=slug, actor_id=actor(request))
    try:
        if request.POST.get("unpin") == "1" or not text:
            unpin(workflow_id=draft.workflow_id, step_id=step)
            messages.success(request, _("The sample is gone; the step is tried for real, with nothing sent."))
        else:
            pin(workflow_id=draft.workflow_id, step_id=step, text=text, actor_id=actor(request))
            messages.success(request, _("Pinned. A test uses this instead of doing the step."))
    except PlatformError as error:
        messages.error(request, " ".join([error.text, *map(str, error.fields.values())]))
    return redirect(back_to(request, slug, step))
