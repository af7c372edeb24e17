"""Reads about approvals for pages and the API."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from apps.accounts import facade as accounts
from apps.core.dashboard import Notice, NoticeAct
from apps.core.errors import InvalidInput
from apps.tenants.facade import current_tenant
from apps.workflows.approvals import people, wording
from apps.workflows.approvals.enums import ApprovalKind, ApprovalState, Choice
from apps.workflows.approvals.errors import UnknownApproval
from apps.workflows.approvals.forms import PREFIX, EditField, _kind, _read
from apps.workflows.approvals.models import Approval


def get_approval(approval_id: UUID) -> Approval:
    """One question with its votes and the one it replaced. Raises ``UnknownApproval``."""
    row = Approval.objects.select_related("replaces", "run").prefetch_related("votes").filter(pk=approval_id).first()
    if row is None:
        raise UnknownApproval(detail=str(approval_id))
    return row


def list_pending(*, limit: int) -> list[Approval]:
    """What waits, the nearest deadline first. Two queries."""
    rows = Approval.objects.filter(state=ApprovalState.PENDING).prefetch_related("votes")
    return list(rows.order_by("expires_at", "pk")[:limit])


def count_pending() -> int:
    """How many wait."""
    return Approval.objects.filter(state=ApprovalState.PENDING).count()


def list_decided(*, limit: int) -> list[Approval]:
    """The latest that were decided, void ones left out."""
    rows = Approval.objects.exclude(state__in=[ApprovalState.PENDING, ApprovalState.VOID])
    return list(rows.order_by("-decided_at", "-pk")[:limit])


def successor_of(row: Approval) -> Approval | None:
    """The question that took this one's place."""
    return Approval.objects.filter(replaces=row).first()


def deciders(row: Approval) -> list[people.Decider]:
    """Who may decide about one that still waits."""
    return people.deciders_of(row) if row.state == ApprovalState.PENDING else []


def names() -> dict[int, str]:
    """Members by id."""
    members = accounts.list_members(tenant_id=current_tenant().id)
    return {member.user_id: member.user.name or member.user.email for member in members}


def history_of(row: Approval) -> list[dict[str, Any]]:
    """What happened to a question, oldest first, as ``components/timeline`` draws it."""
    named = names()
    events = [{"title": _("Asked"), "text": row.title, "at": row.asked_at, "icon": "hand", "tone": ""}]
    if row.replaces is not None:
        who = named.get(row.edited_by or 0, "")
        title = _("Edited by %(who)s") % {"who": who} if who else _("Asked again: the request had changed")
        events.append({"title": title, "text": "", "at": row.asked_at, "icon": "pencil", "tone": ""})
    if row.escalated_at is not None:
        events.append(
            {"title": _("Others were asked too"), "text": "", "at": row.escalated_at, "icon": "users", "tone": "wait"}
        )
    for vote in row.votes.all():
        who = named.get(vote.user_id, _("somebody who left"))
        said = _("%(who)s approved") if vote.choice == Choice.APPROVE else _("%(who)s refused")
        text = vote.reason
        if vote.person_id != vote.user_id:
            text = " · ".join(filter(None, [_("in place of %(who)s") % {"who": named.get(vote.person_id, "")}, text]))
        tone = "ok" if vote.choice == Choice.APPROVE else "bad"
        icon = "check" if vote.choice == Choice.APPROVE else "x"
        events.append({"title": said % {"who": who}, "text": text, "at": vote.created_at, "icon": icon, "tone": tone})
    if row.decided_at is not None:
        events.append(
            {
                "title": str(ApprovalState(row.state).label),
                "text": row.note,
                "at": row.decided_at,
                "icon": "flag",
                "tone": "",
            }
        )
    if row.spent_at is not None:
        events.append({"title": _("Sent"), "text": "", "at": row.spent_at, "icon": "send", "tone": "ok"})
    return sorted(events, key=lambda event: event["at"])


def answer_fields(row: Approval, typed: Any = None, errors: Mapping[str, str] | None = None) -> list[EditField]:
    """Inputs of a question's own fields."""
    if row.kind != ApprovalKind.QUESTION:
        return []
    found = []
    for name, schema in row.fields.get("properties", {}).items():
        shown = typed.get(PREFIX + name, "") if typed else schema.get("default", "")
        error = next((text for place, text in (errors or {}).items() if place.split(".")[1:2] == [name]), "")
        found.append(
            EditField(
                name,
                str(schema.get("title", name)),
                _kind(schema, None) if "enum" not in schema else "text",
                shown,
                error,
            )
        )
    return found


def read_answer(row: Approval, typed: Any) -> dict[str, Any] | None:
    """What a person filled in, by the kinds of the fields. Raises ``InvalidInput``."""
    if row.kind != ApprovalKind.QUESTION or not row.fields:
        return None
    value: dict[str, Any] = {}
    problems = {}
    for field in answer_fields(row, typed):
        if field.kind == "tick":
            value[field.name] = PREFIX + field.name in typed
        elif str(field.value).strip():
            try:
                value[field.name] = _read(field.kind, str(field.value))
            except ValueError:
                problems[f"answer.{field.name}"] = _("This is not what belongs here.")
    if problems:
        raise InvalidInput(fields=problems)
    return value


def notices(limit: int) -> list[Notice]:
    """What waits, for Home, the bell and the inbox, with the decision that needs one tap."""
    from django.urls import reverse

    return [
        Notice(
            title=_("Approve “%(title)s”?") % {"title": row.title},
            text=f"{wording.sentence_of(row)} · {row.workflow}",
            url=reverse("workflows:approval_detail", args=[row.pk]),
            icon="shield-check",
            at=row.asked_at,
            act=None
            if row.fields
            else NoticeAct(
                url=reverse("workflows:approval_decide", args=[row.pk]),
                label=_("Approve"),
                icon="check",
                fields=(("choice", "approve"), ("payload_hash", row.payload_hash)),
            ),
        )
        for row in list_pending(limit=limit)
    ]
