"""Pages where people decide. A GET never decides anything, whatever link it came by."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.timezone import now as current_time
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.guards import held_permissions, permission_required
from apps.core.errors import NotFound, PlatformError
from apps.live import facade as live
from apps.workflows.approvals import deciding, deputies, editing, reading, wording
from apps.workflows.approvals.enums import Channel, Choice
from apps.workflows.approvals.forms import edit_fields, read_edit
from apps.workflows.approvals.links import read_link
from apps.workflows.approvals.people import PERMISSION

LISTED = 50
DECIDED = 30


def _is_fragment(request: HttpRequest) -> bool:
    return request.headers.get("X-Fragment") == "1"


@require_GET
@permission_required("runs.view")
def approval_list(request: HttpRequest) -> HttpResponse:
    """What waits, the most urgent first; what was decided lately below it."""
    position = live.position()
    rows = reading.list_pending(limit=LISTED)
    context = {
        "pending": [_card(row, request) for row in rows],
        "total": reading.count_pending(),
        "decided": reading.list_decided(limit=DECIDED),
        "now": current_time(),
        "position": position,
        "can_decide": PERMISSION in held_permissions(request),
    }
    template = "workflows/approvals/_list.html" if _is_fragment(request) else "workflows/approvals/approval_list.html"
    return render(request, template, context)


def _card(row: Any, request: HttpRequest) -> dict[str, Any]:
    return {
        "row": row,
        "sentence": wording.sentence_of(row),
        "reasons": wording.reasons_of(row),
        "mine": next((vote for vote in row.votes.all() if vote.user_id == request.user.pk), None),
        "votes": len([vote for vote in row.votes.all() if vote.choice == Choice.APPROVE]),
    }


@require_GET
@permission_required("runs.view")
def approval_detail(request: HttpRequest, approval_id: UUID) -> HttpResponse:
    """One question: what will happen, the exact request, why it waits, who may decide, until when, its history."""
    return _render(request, approval_id)


def _render(
    request: HttpRequest, approval_id: UUID, *, typed: Any = None, error: PlatformError | None = None, status: int = 200
) -> HttpResponse:
    position = live.position()
    row = reading.get_approval(approval_id)
    errors = {str(place): str(text) for place, text in (error.fields or {}).items()} if error is not None else {}
    history = reading.history_of(row)
    deciders = reading.deciders(row)
    context = {
        **_card(row, request),
        "lines": wording.lines_of(row),
        "exact": wording.exact_of(row),
        "changes": wording.changes_of(row),
        "class_label": wording.CLASSES.get(row.risk_class, row.risk_class),
        "type_title": wording.type_title(row),
        "fields": edit_fields(row, typed, errors) if row.state == "pending" else [],
        "answer_fields": reading.answer_fields(row, typed, errors),
        "typed": typed or {},
        "error": error,
        "history": history,
        "deciders": deciders,
        "may_decide": any(one.user_id == request.user.pk for one in deciders)
        and PERMISSION in held_permissions(request),
        "successor": reading.successor_of(row),
        "now": current_time(),
        "position": position,
        "via": "mail" if request.GET.get("via") == "mail" else "portal",
    }
    template = (
        "workflows/approvals/_detail.html" if _is_fragment(request) else "workflows/approvals/approval_detail.html"
    )
    return render(request, template, context, status=status)


@require_POST
@permission_required("approvals.decide")
def approval_decide(request: HttpRequest, approval_id: UUID) -> HttpResponse:
    """Approve or refuse exactly what was shown. It counts some seconds later, so that a slip can be taken back."""
    choice = request.POST.get("choice", "")
    try:
        row = reading.get_approval(approval_id)
        deciding.decide(
            approval_id=approval_id,
            choice=choice,
            payload_hash=request.POST.get("payload_hash", ""),
            user_id=request.user.pk or 0,
            channel=_channel(request),
            reason=_reason(request),
            answer=reading.read_answer(row, request.POST) if choice == Choice.APPROVE else None,
            undo=True,
        )
    except NotFound:
        raise
    except PlatformError as error:
        return _render(request, approval_id, typed=request.POST, error=error, status=error.status)
    _say(request, row.title, choice, approval_id)
    return redirect(_next(request, approval_id))


@require_POST
@permission_required("approvals.decide")
def approval_edit(request: HttpRequest, approval_id: UUID) -> HttpResponse:
    """Change what would be sent and approve exactly that."""
    try:
        row = reading.get_approval(approval_id)
        new = editing.edit_and_approve(
            approval_id=approval_id,
            payload_hash=request.POST.get("payload_hash", ""),
            value=read_edit(row, request.POST),
            user_id=request.user.pk or 0,
            channel=_channel(request),
            reason=_reason(request),
            undo=True,
        )
    except NotFound:
        raise
    except PlatformError as error:
        return _render(request, approval_id, typed=request.POST, error=error, status=error.status)
    if new.votes.exists():
        _say(request, new.title, Choice.APPROVE, new.pk)
        return redirect("workflows:approval_list")
    messages.warning(
        request, _("Your change reaches further than before. Read it again and decide about it as it stands now.")
    )
    return redirect("workflows:approval_detail", new.pk)


@require_POST
@permission_required("approvals.decide")
def approval_undo(request: HttpRequest, approval_id: UUID) -> HttpResponse:
    """Take one's own decision back while it does not count yet."""
    try:
        deciding.take_back(approval_id=approval_id, user_id=request.user.pk or 0)
        messages.success(request, _("Taken back. It waits for a decision again."))
    except NotFound:
        raise
    except PlatformError as error:
        messages.error(request, error.text)
    return redirect("workflows:approval_detail", approval_id)


@require_GET
@permission_required("approvals.decide")
def approval_link(request: HttpRequest, token: str) -> HttpResponse:
    """The link of a mail: leads the person it was sent to, once signed in, to the page with the buttons. It decides nothing.

    A link alone gives no right: mails are forwarded and opened by scanners, so whoever follows it must be signed in here.
    """
    try:
        approval_id, user_id = read_link(token)
    except signing.BadSignature:
        messages.error(request, _("This link is too old or was cut. Here is what waits now."))
        return redirect("workflows:approval_list")
    if user_id != request.user.pk:
        messages.info(request, _("This link was sent to somebody else. You see the page as yourself."))
    return redirect(f"{reverse('workflows:approval_detail', args=[approval_id])}?via=mail")


@require_GET
@permission_required("approvals.decide")
def deputy_list(request: HttpRequest) -> HttpResponse:
    """Who decides in my place, and in whose place I do."""
    return _deputies(request)


def _deputies(request: HttpRequest, error: PlatformError | None = None, status: int = 200) -> HttpResponse:
    context = {
        **deputies.overview(user_id=request.user.pk or 0),
        "error": error,
        "typed": request.POST,
        "errors": {str(place): str(text) for place, text in (error.fields or {}).items()} if error is not None else {},
        "now": current_time(),
    }
    return render(request, "workflows/approvals/deputy_list.html", context, status=status)


@require_POST
@permission_required("approvals.decide")
def deputy_create(request: HttpRequest) -> HttpResponse:
    """Let somebody decide in my place for a time."""
    try:
        deputies.name_deputy(
            user_id=request.user.pk or 0, deputy=request.POST.get("deputy", ""), until=request.POST.get("until", "")
        )
        messages.success(request, _("Your deputy may decide in your place now."))
    except PlatformError as error:
        return _deputies(request, error, error.status)
    return redirect("workflows:deputy_list")


@require_POST
@permission_required("approvals.decide")
def deputy_end(request: HttpRequest, deputy_id: UUID) -> HttpResponse:
    """End my deputy's time now."""
    if not deputies.end_deputy(user_id=request.user.pk or 0, deputy_id=deputy_id):
        raise NotFound
    messages.success(request, _("Ended. Only you decide for yourself again."))
    return redirect("workflows:deputy_list")


def _channel(request: HttpRequest) -> Channel:
    return Channel.MAIL if request.POST.get("via") == "mail" else Channel.PORTAL


def _reason(request: HttpRequest) -> str:
    return request.POST.get("reason", "").replace("\x00", "").strip()[:500]


def _next(request: HttpRequest, approval_id: UUID) -> str:
    wanted = request.POST.get("next", "")
    if wanted and url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return wanted
    return reverse("workflows:approval_list")


def _say(request: HttpRequest, title: str, choice: str, approval_id: UUID) -> None:
    said = _("Approved: %(title)s") if choice == Choice.APPROVE else _("Refused: %(title)s")
    undo = reverse("workflows:approval_undo", args=[approval_id])
    messages.success(request, said % {"title": title}, extra_tags=f"undo:{undo}")
