"""The test page: try a draft out with effects held, stop at breakpoints, go step by step, see what each step changed."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from apps.accounts.guards import permission_required
from apps.core.errors import PlatformError
from apps.workflows.builder import drafts, graph, trial
from apps.workflows.builder.models import Trial
from apps.workflows.builder.pages import graph_data
from apps.workflows.builder.palette import kinds_by_type, title_of
from apps.workflows.builder.problems import errors_of, list_problems
from apps.workflows.builder.running import input_form, read_inputs
from apps.workflows.builder.samples import pinned, seen
from apps.workflows.builder.views import actor
from apps.workflows.services.runs import checked_inputs

Json = Any
SHOWN = {"succeeded": "done", "failed": "failed", "waiting": "person", "running": "running"}


@require_http_methods(["GET", "POST"])
@permission_required("workflows.manage")
def workflow_test(request: HttpRequest, slug: str) -> HttpResponse:
    """GET: the person's latest trial of this workflow. POST ``act``: start, step, resume, to, breakpoint, end."""
    draft = drafts.get_draft(slug=slug, actor_id=actor(request))
    row = Trial.objects.filter(workflow_id=draft.workflow_id, actor_id=actor(request)).first()
    findings = list_problems(draft.document, slug=slug)
    blocked = bool(errors_of(findings))
    context: dict[str, Any] = {"draft": draft, "findings": findings, "blocked": blocked}
    schema = draft.document.get("inputs")
    value: Json = row.inputs if row else seen(draft.workflow_id).get("")
    if request.method == "POST":
        try:
            answer = _act(request, slug, draft, row, blocked=blocked)
            if answer is not None:
                return answer
            value = read_inputs(schema, request.POST)
        except PlatformError as error:
            value = read_inputs(schema, request.POST)
            context |= {"error": error.text, "fields": {key: str(text) for key, text in error.fields.items()}}
    context |= _shown(draft, row)
    node = input_form(schema, value)
    if node.kind == "any" and value and not isinstance(value, str):
        node.text = json.dumps(value, ensure_ascii=False, indent=1)
    context["node"] = node
    return render(request, "workflows/builder/test.html", context, status=400 if "error" in context else 200)


def _act(
    request: HttpRequest, slug: str, draft: drafts.Draft, row: Trial | None, *, blocked: bool
) -> HttpResponse | None:
    sent, act = request.POST, request.POST.get("act", "")
    if sent.get("_add") or sent.get("_remove"):
        return None
    if act in ("start", "whole") and not blocked:
        inputs = checked_inputs(draft.document, read_inputs(draft.document.get("inputs"), sent))
        row = trial.begin(
            workflow_id=draft.workflow_id, slug=slug, actor_id=actor(request), revision=draft.revision,
            document=draft.document, inputs=inputs,
        )  # fmt: skip
        if act == "whole":
            trial.go_on(row, slug, skip_first=False)
        else:
            trial.go_on(row, slug, steps=0)
    elif row is not None and act == "step" and row.state == "paused":
        trial.go_on(row, slug, steps=1)
    elif row is not None and act == "resume" and row.state == "paused":
        trial.go_on(row, slug)
    elif row is not None and act == "to" and row.state == "paused":
        trial.go_on(row, slug, stop_at=[sent.get("step", "")])
    elif row is not None and act == "breakpoint":
        step = sent.get("step", "")[:60]
        left = [one for one in row.breakpoints if one != step]
        row.breakpoints = left if len(left) < len(row.breakpoints) else [*left, step][:50]
        row.save(update_fields=["breakpoints"])
    elif row is not None and act == "end":
        row.delete()
    return redirect("workflows:workflow_test", slug)


def _shown(draft: drafts.Draft, row: Trial | None) -> dict[str, Any]:
    kinds = kinds_by_type()
    document = row.document if row else draft.document
    steps = document.get("steps", {})
    samples = pinned(draft.workflow_id)
    states: dict[str, dict[str, Json]] = {}
    for line in row.log if row else ():
        states[line["step"]] = {"state": SHOWN.get(line["state"], "done")}
    paused = row.paused_at.partition("#")[0] if row else ""
    if paused and states.get(paused, {}).get("state") != "person":
        states[paused] = {"state": "waiting"}
    titles = {step: title_of(step, body, kinds) for step, body in steps.items()}
    return {
        "trial": row,
        "is_old": row is not None and row.revision != draft.revision,
        "log": [{**line, "title": titles.get(line["step"], line["step"])} for line in reversed(row.log)] if row else [],
        "paused": paused,
        "paused_title": titles.get(paused, paused),
        "steps": [
            {
                "id": step,
                "title": titles[step],
                "stop": bool(row and step in row.breakpoints),
                "pinned": step in samples,
            }
            for step in graph.in_reading_order(document)
        ],
        "graph": graph_data(document, draft.slug, states=states, breakpoints=row.breakpoints if row else []),
    }
