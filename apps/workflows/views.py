"""Pages about runs: the live list, one run in depth, retry, replay, compare, cancel; and the list of workflows."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import now as current_time
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.guards import held_permissions, permission_required
from apps.core.errors import PlatformError
from apps.core.seeded import shown
from apps.live import facade as live
from apps.workflows import facade, insight, presentation, selectors
from apps.workflows.contracts import RunView, Subject
from apps.workflows.enums import RunState
from apps.workflows.models import Proposal
from apps.workflows.registries import subjects
from apps.workflows.whatif.proposals import proposal_for
from apps.workflows.whatif.shadow import TRIGGER as SHADOW

PAGE_SIZE = 25
STRIPS = 6


def _is_fragment(request: HttpRequest) -> bool:
    return request.headers.get("X-Fragment") == "1"


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _asked(request: HttpRequest, name: str) -> str:
    return request.GET.get(name, "").replace("\x00", "").strip()[:80]


def _subject(kind: str) -> Subject | None:
    return subjects.get(kind) if kind in subjects else None


@require_GET
@permission_required("runs.view")
def run_list(request: HttpRequest) -> HttpResponse:
    """Runs, newest first, by state, workflow, what started them, and by words."""
    position = live.position()
    asked = {name: _asked(request, name) for name in ("state", "workflow", "trigger")}
    asked["state"] = asked["state"] if asked["state"] in RunState.values else ""
    rows = facade.list_runs(
        **{name: value or None for name, value in asked.items()},
        search=(words := _asked(request, "q")),
        before=(before := _uuid(request.GET.get("before", ""))),
        limit=PAGE_SIZE + 1,
    )
    kept = {name: value for name, value in {**asked, "q": words}.items() if value}
    more = len(rows) > PAGE_SIZE
    rows = rows[:PAGE_SIZE]
    older = selectors.older_than_searched(before) if words and not more else None
    context: dict[str, Any] = {
        "rows": rows,
        "now": current_time(),
        "asked": asked,
        "is_filtered": bool(kept) or "before" in request.GET,
        "any_live": any(row.state in presentation.LIVE for row in rows),
        "words": words,
        "next_query": urlencode({**kept, "before": rows[-1].id}) if more else "",
        "older_query": urlencode({**kept, "before": older}) if older else "",
        "fragment_url": request.get_full_path(),
        "position": position,
        "subjects": {subject.kind: subject for subject in subjects},
        "can_create": "tasks.create" in held_permissions(request),
        "can_compare": len(rows) > 1,
    }
    if _is_fragment(request):
        return render(request, "workflows/_run_table.html", context)
    workflows = insight.list_workflows()
    counts = insight.count_live()
    context["states"] = [
        {
            "value": value,
            "label": label,
            "query": urlencode({**kept, "state": value} if value else {k: v for k, v in kept.items() if k != "state"}),
            "current": value == asked["state"],
            "count": counts.get(value),
        }
        for value, label in [("", _("All")), *RunState.choices]
    ]
    context["workflows"] = workflows
    context["busiest"] = sorted(workflows, key=lambda row: (-row.live, -row.runs))[:STRIPS]
    return render(request, "workflows/run_list.html", context)


@require_GET
@permission_required("runs.view")
def run_detail(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """One run: where it stands in a sentence, its time line, and one step in depth."""
    context = _run_context(request, run_id)
    if request.GET.get("pane") == "1" and _is_fragment(request):
        return render(request, "workflows/_step.html", context)
    template = "workflows/_run.html" if _is_fragment(request) else "workflows/run_detail.html"
    return render(request, template, context)


def _run_context(request: HttpRequest, run_id: UUID) -> dict[str, Any]:
    position = live.position()
    run = facade.get_run(run_id)
    now = current_time()
    lines = presentation.trace_of(run.steps, now)
    held = held_permissions(request)
    path, attempt = _asked(request, "step"), request.GET.get("attempt", "")[:9]
    chosen = path or _most_telling(run)
    cancelled_by = facade.cancelled_by(run_id) if run.state in presentation.LIVE else None
    detail = insight.find_step(run_id, path=chosen, attempt=int(attempt) if attempt.isdecimal() else None)
    return {
        "run": run,
        "now": now,
        "lines": lines,
        "sentence": presentation.sentence_about(run, now),
        "duration": presentation.length_of(run, now),
        "score": presentation.last_score(run.steps),
        "is_live": run.state in presentation.LIVE,
        "detail": detail,
        "chosen": (detail.step.path, detail.step.attempt) if detail else ("", 0),
        "pane_url": f"{request.path}?{urlencode({'pane': 1, 'step': chosen})}",
        "fragment_url": request.get_full_path(),
        "position": position,
        "subject": _subject(run.subject_kind),
        "proposal": _proposal(run),
        "can_propose": "workflows.manage" in held and bool(run.error and run.error.path) and run.trigger != SHADOW,
        "subject_url": subject.url(run.subject_id) if (subject := _subject(run.subject_kind)) else "",
        "can_retry": "runs.replay" in held and run.trigger != SHADOW and run.state == RunState.FAILED,
        "can_replay": "runs.replay" in held and run.trigger != SHADOW and run.state not in presentation.LIVE,
        "can_cancel": "runs.cancel" in held and run.state in presentation.LIVE and cancelled_by is None,
        "is_cancelled": cancelled_by is not None,
        "undo_url": reverse("workflows:run_cancel_undo", args=[run_id]) if cancelled_by == request.user.pk else "",
        "can_decide": "approvals.decide" in held,
        "other": _other_run(run),
    }


def _proposal(run: RunView) -> Proposal | None:
    """The change proposed for what this run failed of."""
    if run.state != RunState.FAILED or run.error is None or not run.error.path:
        return None
    return proposal_for(workflow=run.workflow, step_id=run.error.path, code=run.error.code)


def _most_telling(run: RunView) -> str:
    """The step to open first: the one that failed, else the one at work, else the last with something to show."""
    if run.error and run.error.path:
        return run.error.path
    open_steps = [step for step in run.steps if step.finished_at is None]
    telling = open_steps or [step for step in run.steps if step.output] or list(run.steps)
    return telling[-1].path if telling else ""


def _other_run(run: RunView) -> UUID | None:
    """What to compare a run with: the one it replays, else the one before it of the same workflow."""
    if run.replay_of:
        return run.replay_of
    earlier = facade.list_runs(workflow=run.workflow, before=run.id, limit=1)
    return earlier[0].id if earlier else None


@require_POST
@permission_required("runs.replay")
def run_retry(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Go on with a failed run where it stopped, or from a step; what it works for follows."""
    run = insight.require_run_row(run_id)
    subject, step = _subject(run.subject_kind), request.POST.get("from_step", "").replace("\x00", "")[:100]
    try:
        if subject is not None:
            subject.retry(run.subject_id, step, request.user.pk)
        else:
            facade.retry_run(run_id=run_id, from_step=step or None, actor=f"user {request.user.pk}")
        messages.success(request, _("The run goes on. What was finished before is not done again."))
    except PlatformError as error:
        messages.error(request, error.text)
    return redirect("workflows:run_detail", run_id)


@require_POST
@permission_required("runs.cancel")
def run_cancel(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Stop a run, which can be taken back for some seconds; a call already on its way may still take effect."""
    insight.require_run_row(run_id)
    try:
        facade.hold_cancel(run_id=run_id, user_id=request.user.pk or 0)
        undo = reverse("workflows:run_cancel_undo", args=[run_id])
        messages.success(
            request, _("The run is cancelled. “Replay” starts it again from any step."), extra_tags=f"undo:{undo}"
        )
    except PlatformError as error:
        messages.error(request, error.text)
    return redirect("workflows:run_detail", run_id)


@require_POST
@permission_required("runs.cancel")
def run_cancel_undo(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Let the run go on that one has just cancelled."""
    insight.require_run_row(run_id)
    try:
        facade.undo_cancel(run_id=run_id, user_id=request.user.pk or 0)
        messages.success(request, _("Taken back. The run goes on."))
    except PlatformError as error:
        messages.error(request, error.text)
    return redirect("workflows:run_detail", run_id)


@require_http_methods(["GET", "POST"])
@permission_required("runs.replay")
def run_replay(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Say what a replay would do and cost; do it when asked to."""
    data = request.POST if request.method == "POST" else request.GET
    wanted = {
        "from_step": data.get("from_step", "").replace("\x00", "")[:100],
        "new_generation": data.get("again") == "1",
    }
    run = facade.get_run(run_id)
    context: dict[str, Any] = {
        "run": run,
        "wanted": wanted,
        "choices": [(step.step_id, shown(step.title)) for step in {step.step_id: step for step in run.steps}.values()],
    }
    status = 200
    try:
        if request.method == "POST":
            new = facade.replay_run(
                run_id=run_id,
                from_step=wanted["from_step"] or None,
                new_generation=wanted["new_generation"],
                started_by=request.user.pk,
            )
            messages.success(request, _("The replay has started. This is the new run."))
            return redirect("workflows:run_detail", new)
        context["plan"] = insight.plan_replay(run_id, **wanted)
    except PlatformError as error:
        context["error"], status = error.text, error.status
    return render(request, "workflows/run_replay.html", context, status=status)


@require_GET
@permission_required("runs.view")
def run_compare(request: HttpRequest) -> HttpResponse:
    """Two runs side by side: outputs, cost, score and duration of every step."""
    ids = [_uuid(request.GET.get(name, "")) for name in ("a", "b")]
    if None in ids:
        chosen = [one for one in map(_uuid, request.GET.getlist("run")) if one is not None]
        ids = [*chosen, None, None][:2]
    now = current_time()
    context: dict[str, Any] = {"now": now, "recent": facade.list_runs(limit=PAGE_SIZE), "ids": ids}
    if ids[0] is not None and ids[1] is not None:
        left, right = facade.get_run(ids[0]), facade.get_run(ids[1])
        steps = presentation.compare(left, right, now)
        context |= {
            "left": left,
            "right": right,
            "totals": presentation.totals(left, right, now),
            "steps": steps,
            "differing": sum(not step.is_same for step in steps),
        }
    return render(request, "workflows/run_compare.html", context)


@require_POST
@permission_required("approvals.decide")
def effect_resolve(request: HttpRequest, effect_id: UUID) -> HttpResponse:
    """A person's word about an outside effect whose outcome nobody could tell. The first one counts."""
    effect = insight.find_effect(effect_id)
    try:
        facade.resolve_effect(
            effect_id=effect_id,
            decision=request.POST.get("decision", ""),
            reason=request.POST.get("reason", "").replace("\x00", "").strip()[:500],
            actor=f"user {request.user.pk}",
        )
        messages.success(request, _("Your word is kept. The run goes on."))
    except PlatformError as error:
        messages.error(request, error.text)
    query = urlencode({"step": effect.path})
    return redirect(f"{reverse('workflows:run_detail', args=[effect.run_id])}?{query}")


@require_GET
@permission_required("workflows.view")
def workflow_list(request: HttpRequest) -> HttpResponse:
    """Every workflow with its version, its latest runs and what they cost."""
    position = live.position()
    context = {
        "workflows": insight.list_workflows(),
        "now": current_time(),
        "position": position,
        "can_create": "tasks.create" in held_permissions(request),
        "can_manage": "workflows.manage" in held_permissions(request),
        "can_see_secrets": "secrets.view" in held_permissions(request),
    }
    template = "workflows/_workflow_table.html" if _is_fragment(request) else "workflows/workflow_list.html"
    return render(request, template, context)
