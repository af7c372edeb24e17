"""The builder: the canvas and outline of a draft, its patches, undo, the inspector of a step."""

import json
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.guards import held_permissions, permission_required
from apps.core.errors import InvalidInput, PlatformError
from apps.live import facade as live
from apps.workflows.builder import drafts, graph, words
from apps.workflows.builder.errors import DraftChanged
from apps.workflows.builder.inspector import make_form, read_form
from apps.workflows.builder.labels import canvas_labels
from apps.workflows.builder.outline import make_outline
from apps.workflows.builder.palette import Kind, kinds_by_type, list_kinds, title_of
from apps.workflows.builder.people import names_of
from apps.workflows.builder.problems import Finding, errors_of, list_problems
from apps.workflows.builder.samples import known_outputs, pinned
from apps.workflows.builder.sources import list_sources
from apps.workflows.errors import UnknownWorkflow

Json = Any
MAX_BODY = 1_000_000


def actor(request: HttpRequest) -> int:
    """The person at work."""
    return int(request.user.pk or 0)


def wants_json(request: HttpRequest) -> bool:
    """Whether the island asks."""
    return "application/json" in request.headers.get("Accept", "")


def draft_json(draft: drafts.Draft) -> dict[str, Json]:
    """A draft with its problems, as the island keeps it."""
    findings = list_problems(draft.document, slug=draft.slug)
    return {
        "revision": draft.revision,
        "document": draft.document,
        "problems": [_finding_json(finding) for finding in findings],
        "blocked": bool(errors_of(findings)),
        "can_undo": draft.can_undo,
        "can_redo": draft.can_redo,
    }


def _finding_json(finding: Finding) -> dict[str, str]:
    return {name: str(getattr(finding, name)) for name in ("severity", "step", "field", "message", "suggestion")}


@require_GET
@permission_required("workflows.manage")
def builder(request: HttpRequest, slug: str) -> HttpResponse:
    """Canvas and outline of a draft with one step in the inspector. Without script the outline does all of it."""
    drafts.require_workflow(slug, archived=False)
    position = live.position()
    draft = drafts.get_draft(slug=slug, actor_id=actor(request))
    context = {**_outline_context(draft), "position": position}
    if request.headers.get("X-Fragment") == "1":
        return render(request, "workflows/builder/_outline.html", context)
    step = request.GET.get("step", "")
    if step in draft.document.get("steps", {}):
        context |= _step_context(draft, step, context["kinds"], context["findings"])
    context["island"] = _island(request, draft, context["kinds"])
    return render(request, "workflows/builder/builder.html", context)


def _outline_context(draft: drafts.Draft) -> dict[str, Any]:
    findings = list_problems(draft.document, slug=draft.slug)
    kinds = kinds_by_type()
    steps = draft.document.get("steps", {})
    return {
        "draft": draft,
        "findings": findings,
        "blocked": bool(errors_of(findings)),
        "kinds": kinds,
        "palette": list_kinds(),
        "outline": make_outline(draft.document, kinds, findings),
        "step_titles": [(one, title_of(one, steps[one], kinds)) for one in graph.in_reading_order(draft.document)],
    }


def _island(request: HttpRequest, draft: drafts.Draft, kinds: Mapping[str, Kind]) -> dict[str, Json]:
    def address(name: str) -> str:
        return reverse(f"workflows:{name}", args=[draft.slug])

    return {
        **draft_json(draft),
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
        "kinds": {kind.type: kind.as_json() for kind in kinds.values()},
        "offered": [kind.type for kind in list_kinds()],
        "labels": canvas_labels(),
    }


def _step_context(draft: drafts.Draft, step: str, kinds: Mapping[str, Kind], findings: list[Finding]) -> dict[str, Any]:
    samples = known_outputs(draft.workflow_id)
    own = pinned(draft.workflow_id)
    return {
        "draft": draft,
        "form": make_form(draft.document, step, kinds, findings),
        "sources": list_sources(draft.document, step, kinds, samples),
        "pinned": own.get(step),
        "is_pinned": step in own,
        "pinned_text": json.dumps(own[step], ensure_ascii=False, indent=1) if step in own else "",
        "known_text": json.dumps(samples[step], ensure_ascii=False, indent=1) if step in samples else "",
        "is_start": draft.document.get("start") == step,
    }


@require_http_methods(["GET", "POST"])
@permission_required("workflows.manage")
def draft_change(request: HttpRequest, slug: str) -> HttpResponse:
    """GET: the draft as JSON. POST: patches for a revision, as JSON from the island or as a form of the outline."""
    if request.method == "GET":
        return JsonResponse(draft_json(drafts.get_draft(slug=slug, actor_id=actor(request))))
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
    request: HttpRequest, slug: str, work: Callable[[], drafts.Draft], *, revision: Any = None, step: str = ""
) -> HttpResponse:
    """Do a change and answer in the asker's form: JSON for the island, back to the page with a message for a form."""
    try:
        draft = work()
    except UnknownWorkflow:
        raise
    except PlatformError as error:
        if wants_json(request):
            return JsonResponse(_refusal(request, slug, error, revision), status=error.status)
        messages.error(request, error.text)
        return redirect(_back(request, slug, step))
    if wants_json(request):
        return JsonResponse(draft_json(draft))
    return redirect(_back(request, slug, step))


def _back(request: HttpRequest, slug: str, step: str) -> str:
    step = step or request.POST.get("open", "")
    return reverse("workflows:builder", args=[slug]) + (f"?step={step}#inspector" if step else "")


def _refusal(request: HttpRequest, slug: str, error: PlatformError, revision: Any) -> dict[str, Json]:
    told: dict[str, Json] = {
        "code": error.code,
        "message": error.text,
        "fields": {k: str(v) for k, v in error.fields.items()},
    }
    draft = drafts.get_draft(slug=slug, actor_id=actor(request))
    told |= draft_json(draft)
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


@require_http_methods(["GET", "POST"])
@permission_required("workflows.manage")
def draft_step(request: HttpRequest, slug: str) -> HttpResponse:
    """GET: the inspector of one step. POST: what was typed there becomes patches of the draft."""
    data = request.POST if request.method == "POST" else request.GET
    step = data.get("step", "")[:60]
    draft = drafts.get_draft(slug=slug, actor_id=actor(request))
    if step not in draft.document.get("steps", {}):
        return render(request, "workflows/builder/_no_step.html", {"draft": draft}, status=404)
    if request.method == "GET":
        kinds = kinds_by_type()
        context = _step_context(draft, step, kinds, list_problems(draft.document, slug=slug))
        return render(request, "workflows/builder/_inspector.html", context)

    def save() -> drafts.Draft:
        patches = read_form(draft.document["steps"][step], step, request.POST, kinds_by_type())
        if not patches:
            return draft
        return drafts.change_draft(
            slug=slug, revision=_number(request.POST.get("revision", "")), patches=patches, actor_id=actor(request),
            on_top=request.POST.get("on_top") == "1",
        )  # fmt: skip

    answer = answered(request, slug, save, revision=request.POST.get("revision"), step=step)
    if isinstance(answer, JsonResponse) and answer.status_code == 200:
        told = json.loads(answer.content)
        fresh = drafts.get_draft(slug=slug, actor_id=actor(request))
        context = _step_context(fresh, step, kinds_by_type(), list_problems(fresh.document, slug=slug))
        told["html"] = render_to_string("workflows/builder/_inspector.html", context, request)
        return JsonResponse(told)
    return answer


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


@require_POST
@permission_required("workflows.manage")
def draft_sample(request: HttpRequest, slug: str) -> HttpResponse:
    """Pin an output to a step for trying the draft out, or take the pin away."""
    from apps.workflows.builder.samples import pin, unpin

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
    return redirect(reverse("workflows:builder", args=[slug]) + f"?step={step}#inspector")


def counted(findings: list[Finding]) -> str:
    """How many problems there are, in words."""
    number = len(findings)
    return ngettext("%(n)d problem", "%(n)d problems", number) % {"n": number}


def may_manage(request: HttpRequest) -> bool:
    """Whether this person may change and publish workflows."""
    return "workflows.manage" in held_permissions(request)
