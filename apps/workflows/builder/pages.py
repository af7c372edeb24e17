"""A workflow's pages: overview, new, import and export, publishing, versions and what changed, running it by hand."""

import json
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import now as current_time
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.guards import held_permissions, permission_required
from apps.core.errors import InvalidInput, PlatformError
from apps.live import facade as live
from apps.workflows import facade, insight
from apps.workflows.builder import drafts
from apps.workflows.builder.classes import classes_of
from apps.workflows.builder.estimate import estimate
from apps.workflows.builder.labels import canvas_labels
from apps.workflows.builder.palette import kinds_by_type
from apps.workflows.builder.parts.trigger_words import sentence
from apps.workflows.builder.people import names_of
from apps.workflows.builder.problems import errors_of, list_problems
from apps.workflows.builder.running import input_form, read_inputs, states_of
from apps.workflows.builder.views import actor
from apps.workflows.contracts import RunRow
from apps.workflows.differences import compare_definitions
from apps.workflows.errors import SecretMissing, UnknownRun
from apps.workflows.triggers.types import TRIGGER_TYPES

Json = Any
RUNS = 8
MAX_IMPORT = 256 * 1024


def graph_data(document: Any, slug: str, **more: Json) -> dict[str, Json]:
    """What ``<workflow-graph>`` draws; ``marks`` or ``states_url`` say what it shows of it."""
    return {
        "document": document,
        "slug": slug,
        "kinds": {kind.type: kind.as_json() for kind in kinds_by_type().values()},
        "labels": canvas_labels(),
        **more,
    }


def _row(slug: str) -> Any:
    return next((row for row in insight.list_workflows() if row.slug == slug), None)


@require_GET
@permission_required("workflows.view")
def workflow_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """Health, what starts it, versions, runs and cost of one workflow, with its latest run on the graph."""
    position = live.position()
    workflow = facade.get_workflow(workflow=slug)
    held = held_permissions(request)
    runs = facade.list_runs(workflow=slug, limit=RUNS) if "runs.view" in held else []
    shown = _shown_run(request, runs)
    versions = facade.list_versions(workflow=slug, limit=5) if workflow.current else []
    draft = drafts.get_draft(slug=slug, actor_id=actor(request))
    pending = bool(draft.updated_at) and draft.document != dict(workflow.definition or {})
    context: dict[str, Any] = {
        "workflow": workflow,
        "row": _row(slug),
        "runs": runs,
        "shown": shown,
        "versions": versions,
        "names": names_of(version.created_by for version in versions),
        "triggers": _triggers(dict(workflow.definition or {})),
        "draft": draft,
        "pending": pending,
        "now": current_time(),
        "position": position,
        "can_manage": "workflows.manage" in held,
        "can_run": "tasks.create" in held and workflow.current is not None and not workflow.archived,
        "fragment_url": request.get_full_path(),
    }
    if request.headers.get("X-Fragment") == "1":
        return render(request, "workflows/builder/_overview_live.html", context)
    definition = workflow.definition or draft.document
    links = {}
    more: dict[str, Json] = {}
    if shown is not None:
        run_url = reverse("workflows:run_detail", args=[shown.id])
        links = {step: f"{run_url}?{urlencode({'step': step})}#step" for step in definition.get("steps", {})}
        more["states_url"] = f"{reverse('workflows:workflow_states', args=[slug])}?{urlencode({'run': str(shown.id)})}"
    context["graph"] = graph_data(definition, slug, links=links, **more)
    return render(request, "workflows/builder/overview.html", context)


def _shown_run(request: HttpRequest, runs: list[RunRow]) -> RunRow | None:
    asked = request.GET.get("run", "")
    return next((run for run in runs if str(run.id) == asked), runs[0] if runs else None)


def _triggers(definition: dict[str, Json]) -> list[tuple[str, str, str]]:
    found = []
    for name, body in definition.get("triggers", {}).items():
        entry = TRIGGER_TYPES.get(body["type"]) if body.get("type") in TRIGGER_TYPES else None
        title = str(entry.title) if entry else name
        found.append((str(body.get("title") or title), sentence(body) or title, entry.icon if entry else "play"))
    return found


@require_GET
@permission_required("workflows.view")
def workflow_states(request: HttpRequest, slug: str) -> HttpResponse:
    """Where the steps of one run stand, for the canvas. Without ``run`` the latest one."""
    asked = request.GET.get("run", "")
    rows = facade.list_runs(workflow=slug, limit=1 if not asked else 200)
    run = next((row for row in rows if not asked or str(row.id) == asked), None)
    if run is None:
        raise UnknownRun(detail=asked)
    return JsonResponse({"run": str(run.id), "state": run.state, "states": states_of(run.id)})


@require_http_methods(["GET", "POST"])
@permission_required("workflows.manage")
def workflow_create(request: HttpRequest) -> HttpResponse:
    """A new workflow: blank, or from the JSON another one was exported to."""
    context: dict[str, Any] = {"name": request.POST.get("name", ""), "text": request.POST.get("definition", "")}
    if request.method == "GET":
        return render(request, "workflows/builder/new.html", context)
    try:
        document = _imported(request)
        with transaction.atomic():
            made = facade.create_workflow(name=context["name"].strip(), user_id=actor(request))
            if document is not None:
                drafts.replace_document(slug=made.slug, document=document, actor_id=actor(request), reason="import")
    except PlatformError as error:
        context |= {"error": error.text, "fields": {key: str(value) for key, value in error.fields.items()}}
        return render(request, "workflows/builder/new.html", context, status=error.status)
    return redirect("workflows:builder", made.slug)


def _imported(request: HttpRequest) -> Json:
    sent = request.FILES.get("file")
    text = request.POST.get("definition", "").strip()
    if sent is not None:
        if (sent.size or 0) > MAX_IMPORT:
            raise InvalidInput(fields={"file": _("A workflow has at most 256 KB.")})
        text = sent.read().decode("utf-8", "replace")
    if not text:
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidInput(fields={"definition": _("This is not JSON. Choose a file exported here.")}) from None
    if isinstance(found, dict) and isinstance(found.get("definition"), dict):
        found = found["definition"]
    return found


@require_GET
@permission_required("workflows.view")
def workflow_export(request: HttpRequest, slug: str) -> HttpResponse:
    """The published definition as a file, or the draft with ``draft=1``; secrets are names only."""
    workflow = facade.get_workflow(workflow=slug)
    definition = workflow.definition
    if definition is None or request.GET.get("draft") == "1":
        definition = drafts.get_draft(slug=slug, actor_id=actor(request)).document
    told = {"echopilot": "workflow", "name": workflow.name, "version": workflow.current, "definition": definition}
    answer = JsonResponse(told, json_dumps_params={"indent": 2, "ensure_ascii": False})
    answer["Content-Disposition"] = f'attachment; filename="{slug}.json"'
    return answer


@require_http_methods(["GET", "POST"])
@permission_required("workflows.manage")
def workflow_publish(request: HttpRequest, slug: str) -> HttpResponse:
    """What would change, what is wrong, what a run would cost; then publish the draft as a version."""
    draft = drafts.get_draft(slug=slug, actor_id=actor(request))
    workflow = facade.get_workflow(workflow=slug)
    if request.method == "POST":
        if request.POST.get("revision") != str(draft.revision):
            messages.error(request, _("The draft changed meanwhile. Look at it again before you publish."))
            return redirect("workflows:workflow_publish", slug)
        try:
            with transaction.atomic():
                made = facade.publish_workflow(
                    workflow=slug, definition=draft.document, user_id=actor(request), note=request.POST.get("note", "").strip(),
                    based_on=draft.based_on if request.POST.get("anyway") != "1" else None,
                )  # fmt: skip
                drafts.settle_draft(workflow=drafts.require_workflow(slug))
        except PlatformError as error:
            messages.error(request, error.text)
            return redirect("workflows:workflow_publish", slug)
        messages.success(request, _("Version %(n)d is published. New runs start with it.") % {"n": made.number})
        return redirect("workflows:workflow_detail", slug)
    findings = list_problems(draft.document, slug=slug)
    kinds = kinds_by_type()
    classes = classes_of(draft.document)
    diff = compare_definitions(dict(workflow.definition or {"steps": {}}), draft.document)
    context = {
        "draft": draft,
        "workflow": workflow,
        "findings": findings,
        "blocked": bool(errors_of(findings)),
        "estimate": estimate(draft.document, draft.workflow_id, kinds),
        "diff": diff,
        "moved": draft.based_on != draft.published,
        "classes": classes,
        "graph": graph_data(
            draft.document, slug, marks=dict(diff.marks) if workflow.current else None,
            classes={step: one.as_json() for step, one in classes.items()},
        ),
    }  # fmt: skip
    return render(request, "workflows/builder/publish.html", context)


@require_GET
@permission_required("workflows.view")
def workflow_versions(request: HttpRequest, slug: str) -> HttpResponse:
    """Every version, who made it current when and why."""
    workflow = facade.get_workflow(workflow=slug)
    before = request.GET.get("before", "")
    versions = facade.list_versions(workflow=slug, before=int(before) if before.isdecimal() else None, limit=26)
    changes = facade.list_version_changes(workflow=slug, limit=30)
    context = {
        "workflow": workflow,
        "versions": versions[:25],
        "more": versions[24].number if len(versions) > 25 else None,
        "changes": changes,
        "names": names_of([*(one.created_by for one in versions), *(one.user_id for one in changes)]),
        "now": current_time(),
        "can_manage": "workflows.manage" in held_permissions(request) and not workflow.archived,
    }
    return render(request, "workflows/builder/versions.html", context)


@require_GET
@permission_required("workflows.view")
def workflow_compare(request: HttpRequest, slug: str) -> HttpResponse:
    """Two versions: what differs in words, and on the graph."""
    workflow = facade.get_workflow(workflow=slug)
    numbers = [int(text) if (text := request.GET.get(name, "")).isdecimal() else 0 for name in ("old", "new")]
    context: dict[str, Any] = {
        "workflow": workflow,
        "versions": facade.list_versions(workflow=slug, limit=50),
        "numbers": numbers,
    }
    if all(numbers):
        old, new = (facade.get_version(workflow=slug, number=number) for number in numbers)
        diff = facade.diff_versions(workflow=slug, old=numbers[0], new=numbers[1])
        gone = {step: body for step, body in old.definition["steps"].items() if step not in new.definition["steps"]}
        document = {
            **new.definition,
            "steps": {**new.definition["steps"], **{k: {**v, "next": None} for k, v in gone.items()}},
        }
        context |= {"old": old, "new": new, "diff": diff, "graph": graph_data(document, slug, marks=dict(diff.marks))}
    context["can_manage"] = "workflows.manage" in held_permissions(request) and not workflow.archived
    return render(request, "workflows/builder/compare.html", context)


@require_POST
@permission_required("workflows.manage")
def workflow_rollback(request: HttpRequest, slug: str) -> HttpResponse:
    """Make an older version the current one again; undone by rolling forward to the one before."""
    number = request.POST.get("number") or request.GET.get("number", "")
    before = facade.get_workflow(workflow=slug).current
    try:
        facade.rollback_workflow(
            workflow=slug,
            number=int(number) if number.isdecimal() else 0,
            user_id=actor(request),
            note=request.POST.get("note", "").strip(),
        )
        undo = f"undo:{reverse('workflows:workflow_rollback', args=[slug])}?number={before}"
        messages.success(
            request,
            _("Version %(n)s is current again, with its settings and triggers.") % {"n": number},
            extra_tags=undo if before else "",
        )
    except PlatformError as error:
        messages.error(request, error.text)
    return redirect("workflows:workflow_versions", slug)


@require_http_methods(["GET", "POST"])
@permission_required("tasks.create")
def workflow_run(request: HttpRequest, slug: str) -> HttpResponse:
    """Start the current version by hand, with a form from its inputs. The same form sent twice starts one run."""
    workflow = facade.get_workflow(workflow=slug)
    schema = (workflow.definition or {}).get("inputs")
    context: dict[str, Any] = {"workflow": workflow, "key": request.POST.get("key") or str(uuid4())}
    value: Json = None
    if request.method == "POST":
        value = read_inputs(schema, request.POST)
        if not (request.POST.get("_add") or request.POST.get("_remove")):
            try:
                run = facade.start_run(
                    workflow=slug, inputs=value, trigger="manual", started_by=actor(request),
                    idempotency_key=f"hand:{_key(context['key'])}",
                )  # fmt: skip
                return redirect("workflows:run_detail", run)
            except PlatformError as error:
                context |= {"error": error.text, "fields": {key: str(text) for key, text in error.fields.items()}}
    context["node"] = input_form(schema, value)
    if workflow.definition:
        context["estimate"] = estimate(workflow.definition, workflow.id, kinds_by_type())
    return render(request, "workflows/builder/run.html", context, status=400 if "error" in context else 200)


def _key(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise InvalidInput(fields={"key": _("This form is incomplete. Reload the page.")}) from None


@require_POST
@permission_required("workflows.manage")
def workflow_rename(request: HttpRequest, slug: str) -> HttpResponse:
    """Another name for people."""
    try:
        facade.rename_workflow(workflow=slug, name=request.POST.get("name", "").strip())
        messages.success(request, _("Renamed."))
    except PlatformError as error:
        messages.error(request, " ".join([error.text, *map(str, error.fields.values())]))
    return redirect("workflows:workflow_detail", slug)


@require_POST
@permission_required("workflows.manage")
def workflow_archive(request: HttpRequest, slug: str) -> HttpResponse:
    """Put a workflow away: no new runs, nothing is deleted; undo brings it back."""
    workflow = facade.archive_workflow(workflow=slug)
    undo = f"undo:{reverse('workflows:workflow_restore', args=[slug])}"
    messages.success(request, _("“%(name)s” is archived.") % {"name": workflow.name}, extra_tags=undo)
    return redirect("workflows:workflow_list")


@require_POST
@permission_required("workflows.manage")
def workflow_restore(request: HttpRequest, slug: str) -> HttpResponse:
    """Bring an archived workflow back."""
    try:
        facade.restore_workflow(workflow=slug)
        messages.success(request, _("The workflow is back."))
    except SecretMissing as error:
        messages.error(request, error.text)
    return redirect("workflows:workflow_detail", slug)
