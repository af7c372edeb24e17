"""The builder: the canvas and outline of a draft, its patches, undo."""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.guards import permission_required
from apps.core.errors import InvalidInput, PlatformError
from apps.live import facade as live
from apps.workflows.builder import drafts, words
from apps.workflows.builder.errors import DraftChanged
from apps.workflows.builder.labels import canvas_labels
from apps.workflows.builder.looking import draft_json, fragment, look, outline_context, pane_context, step_context
from apps.workflows.builder.palette import kinds_by_type, list_kinds, title_of
from apps.workflows.builder.parts import panes
from apps.workflows.builder.parts.base import Seen
from apps.workflows.builder.people import names_of
from apps.workflows.errors import UnknownWorkflow

Json = Any
MAX_BODY = 1_000_000


def actor(request: HttpRequest) -> int:
    """The person at work."""
    return int(request.user.pk or 0)


def wants_json(request: HttpRequest) -> bool:
    """Whether the island asks."""
    return "application/json" in request.headers.get("Accept", "")


@require_GET
@permission_required("workflows.manage")
def builder(request: HttpRequest, slug: str) -> HttpResponse:
    """Canvas and outline of a draft with one step in the inspector. Without script the outline does all of it."""
    drafts.require_workflow(slug, archived=False)
    position = live.position()
    draft = drafts.get_draft(slug=slug, actor_id=actor(request))
    seen = look(draft, absolute=request.build_absolute_uri)
    if request.headers.get("X-Fragment") == "1":
        return render(request, "workflows/builder/_outline.html", outline_context(seen))
    return whole_page(request, seen, request.GET.get("step", ""), position=position)


def whole_page(request: HttpRequest, seen: Seen, step: str, *, position: Any = None, status: int = 200) -> HttpResponse:
    """The builder's page with a step or a part in the inspector."""
    context = {**outline_context(seen), "position": live.position() if position is None else position}
    shown = panes.show(seen, step) if panes.is_part(step) else None
    if shown is not None:
        context |= {"pane": f"workflows/builder/parts/{shown.template}.html", **pane_context(seen, shown)}
    elif step in seen.draft.document.get("steps", {}):
        context |= step_context(seen, step)
    context["island"] = _island(request, seen)
    return render(request, "workflows/builder/builder.html", context, status=status)


def _island(request: HttpRequest, seen: Seen) -> dict[str, Json]:
    draft = seen.draft

    def address(name: str) -> str:
        return reverse(f"workflows:{name}", args=[draft.slug])

    return {
        **draft_json(seen),
        "slug": draft.slug,
        "person": actor(request),
        "urls": {
            "draft": address("draft_change"),
            "undo": address("draft_undo"),
            "redo": address("draft_redo"),
            "step": address("draft_step"),
            "page": address("builder"),
            "states": address("workflow_states"),
            "publish": address("workflow_publish"),
        },
        "kinds": {kind.type: kind.as_json() for kind in seen.kinds.values()},
        "offered": [kind.type for kind in list_kinds()],
        "labels": canvas_labels(),
    }


@require_http_methods(["GET", "POST"])
@permission_required("workflows.manage")
def draft_change(request: HttpRequest, slug: str) -> HttpResponse:
    """GET: the draft as JSON. POST: patches for a revision, as JSON from the island or as a form of the outline."""
    if request.method == "GET":
        return JsonResponse(draft_json(look(drafts.get_draft(slug=slug, actor_id=actor(request)))))
    if request.content_type == "application/json" or wants_json(request):
        sent = _json_body(request)
        return answered(request, slug, lambda: _change(request, slug, sent), revision=sent.get("revision"))
    try:
        change = {"patches": [form_patch(request.POST)], "revision": request.POST.get("revision", "")}
    except InvalidInput as error:
        messages.error(request, error.text)
        return redirect("workflows:builder", slug)
    return answered(request, slug, lambda: _change(request, slug, change), revision=change["revision"])


def _json_body(request: HttpRequest) -> dict[str, Json]:
    if len(request.body) > MAX_BODY:
        raise InvalidInput(fields={"patches": _("This is too much at once.")})
    try:
        sent = json.loads(request.body)
    except (ValueError, RecursionError):
        sent = None
    if not isinstance(sent, dict):
        raise InvalidInput(fields={"patches": _("Send an object with revision and patches.")})
    return sent


def _change(request: HttpRequest, slug: str, sent: Mapping[str, Json]) -> drafts.Draft:
    revision, patches = sent.get("revision"), sent.get("patches")
    if not str(revision).isdecimal():
        raise InvalidInput(fields={"revision": _("Say which revision this change was made for.")})
    try:
        batch = UUID(str(sent["batch"])) if sent.get("batch") else None
    except ValueError:
        raise InvalidInput(fields={"batch": _("Send a UUID.")}) from None
    return drafts.change_draft(
        slug=slug, revision=int(str(revision)), patches=patches or [], actor_id=actor(request), batch=batch,
        on_top=sent.get("on_top") is True or sent.get("on_top") == "1",
    )  # fmt: skip


def form_patch(sent: Mapping[str, Any]) -> dict[str, Json]:
    """The patch a form of the outline carries, with what a person chose in its fields. Raises ``InvalidInput``."""
    try:
        patch = json.loads(sent.get("patch", ""))
    except ValueError:
        patch = None
    if not isinstance(patch, dict):
        raise InvalidInput(fields={"patch": _("This form is incomplete. Reload the page.")})
    for name in ("target", "type", "to"):
        if name in sent:
            patch[name] = sent[name]
    if patch.get("op") == "connect" and not patch.get("target"):
        patch = {"op": "disconnect", "step": patch.get("step"), "place": patch.get("place")}
    if patch.get("op") == "add_step":
        kind = kinds_by_type().get(str(patch.get("type")))
        patch |= dict(kind.body) if kind else {}
    return patch


def answered(
    request: HttpRequest,
    slug: str,
    work: Callable[[], drafts.Draft],
    *,
    revision: Any = None,
    step: str = "",
    show: bool = False,
) -> HttpResponse:
    """Do a change and answer in the asker's form: JSON for the island, back to the page with a message for a form.

    With ``show`` the island gets the inspector of ``step`` as it is then.
    """
    try:
        draft = work()
    except UnknownWorkflow:
        raise
    except PlatformError as error:
        if wants_json(request):
            return JsonResponse(refusal_json(request, slug, error, revision), status=error.status)
        messages.error(request, error.text)
        return redirect(back_to(request, slug, step))
    if wants_json(request):
        seen = look(draft, absolute=request.build_absolute_uri)
        shown = {"html": fragment(request, seen, step) or "", "open": step} if show else {}
        return JsonResponse({**draft_json(seen), **shown})
    return redirect(back_to(request, slug, step))


def back_to(request: HttpRequest, slug: str, step: str) -> str:
    """The builder with this step or part open, or with the one the form names."""
    step = step or request.POST.get("open", "")
    return reverse("workflows:builder", args=[slug]) + (f"?{urlencode({'step': step})}#inspector" if step else "")


def refusal_json(request: HttpRequest, slug: str, error: PlatformError, revision: Any) -> dict[str, Json]:
    """Why a change was not made, with the draft as it stands and what happened to it meanwhile."""
    told: dict[str, Json] = {
        "code": error.code,
        "message": error.text,
        "fields": {k: str(v) for k, v in error.fields.items()},
    }
    draft = drafts.get_draft(slug=slug, actor_id=actor(request))
    told |= draft_json(look(draft))
    if isinstance(error, DraftChanged) and str(revision).isdecimal():
        kinds = kinds_by_type()
        titles = {one: title_of(one, body, kinds) for one, body in draft.document.get("steps", {}).items()}
        changes = drafts.list_meanwhile(slug=slug, revision=int(revision))
        names = names_of(change.actor_id for change in changes)
        told["meanwhile"] = [
            {
                "who": _("You, elsewhere")
                if change.actor_id == actor(request)
                else names.get(change.actor_id or 0, ""),
                "at": change.made_at.isoformat(),
                "lines": words.words_of(change.patches, titles),
            }
            for change in changes
        ]
    return told


@require_POST
@permission_required("workflows.manage")
def draft_undo(request: HttpRequest, slug: str) -> HttpResponse:
    """Take one's own latest change back."""
    return answered(request, slug, lambda: drafts.undo(slug=slug, actor_id=actor(request)))


@require_POST
@permission_required("workflows.manage")
def draft_redo(request: HttpRequest, slug: str) -> HttpResponse:
    """Make it again."""
    return answered(request, slug, lambda: drafts.redo(slug=slug, actor_id=actor(request)))


@require_POST
@permission_required("workflows.manage")
def draft_discard(request: HttpRequest, slug: str) -> HttpResponse:
    """Back to the published version; undo brings the draft back."""
    row = drafts.require_workflow(slug, archived=False)
    if row.current is None:
        raise InvalidInput(_("Nothing is published yet, so there is nothing to go back to."))
    document = dict(row.current.definition)
    drafts.replace_document(slug=slug, document=document, actor_id=actor(request), reason="discard")
    messages.success(
        request,
        _("The draft is the published version again."),
        extra_tags=f"undo:{reverse('workflows:draft_undo', args=[slug])}",
    )
    return redirect("workflows:builder", slug)
