"""Pages of what-if and healing: ask, watch, see what would change; read a proposal with its proof and decide."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now as current_time
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.guards import held_permissions, permission_required
from apps.core.errors import InvalidInput, PlatformError
from apps.live import facade as live
from apps.workflows import insight
from apps.workflows.builder.drafts import get_draft
from apps.workflows.differences import compare_definitions
from apps.workflows.models import Workflow, WorkflowDraft
from apps.workflows.whatif import proposals, selectors, services, wording
from apps.workflows.whatif.enums import ProposalState, Verdict
from apps.workflows.whatif.forms import DRAFT, WhatIfForm

NEWEST_VERSIONS = 20


def _user_id(request: HttpRequest) -> int:
    return int(request.user.pk or 0)


@require_http_methods(["GET", "POST"])
@permission_required("runs.replay")
def what_if_create(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask what past runs would have done; below, what was asked before."""
    row, _definition = insight.get_workflow(slug)
    versions = [(str(number), _("Version %(n)d") % {"n": number}) for number, _at in
                insight.list_versions(row.id, limit=NEWEST_VERSIONS)]  # fmt: skip
    if WorkflowDraft.objects.filter(pk=row.id).exists():
        versions.insert(0, (DRAFT, _("The draft")))
    asked = {name: request.GET[name] for name in ("version", "state", "last") if name in request.GET}
    form = WhatIfForm(request.POST or None, versions=versions, initial={"version": str(row.version), **asked})
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                return redirect("workflows:what_if_detail", _ask(request, slug, form))
            except InvalidInput as error:
                for name, message in (error.fields or {"": error.text}).items():
                    form.add_error(name if name in form.fields else None, str(message))
                status = error.status
    context = {"workflow": row, "form": form, "earlier": selectors.list_what_ifs(workflow=slug), "now": current_time()}
    return render(request, "workflows/whatif/create.html", context, status=status)


def _ask(request: HttpRequest, slug: str, form: WhatIfForm) -> UUID:
    told = form.cleaned_data
    is_draft = told["version"] == DRAFT
    return services.ask_what_if(
        workflow=slug,
        selection=services.Selection(last=told["last"], state=told["state"], since=told["since"], until=told["until"]),
        definition=dict(get_draft(slug=slug, actor_id=_user_id(request)).document) if is_draft else None,
        version_number=None if is_draft else int(told["version"]),
        model=told["model"],
        cap_micros=form.cap_micros,
        actor=_user_id(request),
    )


@require_GET
@permission_required("runs.view")
def what_if_detail(request: HttpRequest, what_if_id: UUID) -> HttpResponse:
    """What would have come of each run, and summed up; live while it is under way."""
    position = live.position()
    what_if = selectors.get_what_if(what_if_id)
    rows = selectors.rows_of(what_if_id)
    context: dict[str, Any] = {
        "what_if": what_if,
        "rows": rows,
        "totals": selectors.totals(rows),
        "is_live": selectors.is_running(what_if),
        "labels": {verdict.value: verdict.label for verdict in Verdict},
        "position": position,
        "now": current_time(),
        "fragment_url": request.get_full_path(),
        "can_cancel": "runs.replay" in held_permissions(request),
    }
    is_fragment = request.headers.get("X-Fragment") == "1"
    return render(request, "workflows/whatif/_result.html" if is_fragment else "workflows/whatif/detail.html", context)


@require_POST
@permission_required("runs.replay")
def what_if_cancel(request: HttpRequest, what_if_id: UUID) -> HttpResponse:
    """Stop a comparison; what was compared stays."""
    services.cancel_what_if(what_if_id=what_if_id)
    messages.success(request, _("The comparison has stopped. What was compared so far stays."))
    return redirect("workflows:what_if_detail", what_if_id)


@require_POST
@permission_required("workflows.manage")
def proposal_create(request: HttpRequest, slug: str) -> HttpResponse:
    """Look for a remedy for what fails now."""
    insight.get_workflow(slug)
    try:
        found = proposals.propose(workflow=slug, asked=True)
    except PlatformError as error:
        messages.error(request, error.text)
        return redirect("workflows:analytics", slug)
    if found is None:
        messages.info(
            request,
            _("Nothing to propose: no failed run shows a fault with a remedy, or one is proposed already."),
        )
        return redirect("workflows:analytics", slug)
    return redirect("workflows:proposal_detail", found)


@require_GET
@permission_required("workflows.view")
def proposal_detail(request: HttpRequest, proposal_id: UUID) -> HttpResponse:
    """What fails, what is proposed, what proves it, and who may decide."""
    proposal = proposals.require_proposal(proposal_id)
    return render(request, "workflows/whatif/proposal.html", _proposal_context(request, proposal))


def _proposal_context(request: HttpRequest, proposal: Any, **more: Any) -> dict[str, Any]:
    held = held_permissions(request)
    may = "workflows.manage" in held and (proposal.risk_class != "C" or "approvals.decide" in held)
    diff = compare_definitions(proposal.base.definition, proposal.definition) if proposal.definition else None
    return {
        "proposal": proposal,
        "title": wording.title_of(proposal.remedy),
        "reason": wording.reason_of(proposal.remedy, proposal.params, own=proposal.reason),
        "diff": diff,
        "labels": {verdict.value: verdict.label for verdict in Verdict},
        "may_accept": may and proposal.state == ProposalState.PROVEN,
        "may_dismiss": "workflows.manage" in held and proposal.state in (*proposals.OPEN, ProposalState.REFUTED),
        "may_undo": "workflows.manage" in held and proposal.state == ProposalState.ACCEPTED,
        "needs_note": proposal.risk_class != "A",
        "now": current_time(),
        **more,
    }


@require_POST
@permission_required("workflows.manage")
def proposal_decide(request: HttpRequest, proposal_id: UUID) -> HttpResponse:
    """Accept, dismiss or take back; the first decision counts."""
    note = request.POST.get("note", "").replace("\x00", "").strip()[:500]
    decision = request.POST.get("decision", "")
    try:
        if decision == "accept":
            number = proposals.accept_proposal(
                proposal_id=proposal_id, actor=_user_id(request), held=held_permissions(request), note=note
            )
            messages.success(
                request,
                _("Published as version %(n)d.") % {"n": number},
            )
        elif decision == "undo":
            proposals.undo_proposal(proposal_id=proposal_id, actor=_user_id(request))
            messages.success(request, _("Taken back. The earlier version is current again."))
        else:
            proposals.dismiss_proposal(proposal_id=proposal_id, actor=_user_id(request), note=note)
            messages.success(request, _("Put away. It is not proposed again for this version."))
    except InvalidInput as error:
        proposal = proposals.require_proposal(proposal_id)
        context = _proposal_context(request, proposal, note=note, errors=error.fields)
        return render(request, "workflows/whatif/proposal.html", context, status=error.status)
    except PlatformError as error:
        proposals.require_proposal(proposal_id)
        messages.error(request, error.text)
    return redirect("workflows:proposal_detail", proposal_id)


@require_POST
@permission_required("settings.manage")
def healing_policy(request: HttpRequest) -> HttpResponse:
    """Switch acceptance of class A by itself on or off."""
    wanted = request.POST.get("accepts_class_a") == "1"
    proposals.set_healing_policy(accepts_class_a=wanted, actor=_user_id(request))
    messages.success(request, _("Kept."))
    slug = request.POST.get("workflow", "")[:80]
    known = Workflow.objects.filter(slug=slug).exists()
    return redirect("workflows:analytics", slug) if known else redirect("workflows:workflow_list")
