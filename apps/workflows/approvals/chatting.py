"""Approvals in people's own Slack and Telegram chats: what would happen, with buttons bound to exactly these bytes."""

from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.connectors import facade as connectors
from apps.connectors.contracts import Card, CardButton, CardKind, CardPress
from apps.core.errors import InvalidInput
from apps.tenants.facade import current_tenant, workspace_link
from apps.workflows.approvals import deciding, wording
from apps.workflows.approvals.channels import ApprovalMessage
from apps.workflows.approvals.days import zone_of
from apps.workflows.approvals.enums import ApprovalState, Channel, Choice
from apps.workflows.approvals.models import Approval
from apps.workflows.approvals.people import PERMISSION

CARD = "approval"
LINES = 8
LINE = 160
BECAME = {
    ApprovalState.APPROVED: gettext_lazy("Approved. Nothing more is needed."),
    ApprovalState.DENIED: gettext_lazy("Refused. Nothing was sent."),
    ApprovalState.EXPIRED: gettext_lazy("Nobody decided in time. Nothing was sent."),
    ApprovalState.WITHDRAWN: gettext_lazy("No longer needed: the run ended."),
    ApprovalState.VOID: gettext_lazy("Another version took its place; it is asked about anew."),
}


def send_cards(message: ApprovalMessage) -> None:
    """A card in every own chat of those who may decide; an occasion that is told again makes no second one."""
    row = message.approval
    connectors.offer_cards(
        user_ids=[one.user_id for one in message.to],
        make=lambda user_id, _language: _card(row, user_id=user_id, occasion=message.occasion),
    )


def close_cards(row: Approval) -> None:
    """Have every card about a question that is no longer open say so, in the caller's transaction."""
    state = ApprovalState(row.state)
    if state in BECAME:
        connectors.revise_cards(kind=CARD, subject=str(row.pk), write=lambda: str(BECAME[state]))


def press(pressed: CardPress) -> str:
    """A button was pressed by the member it was sent to; the decision is bound to the hash the card was made with."""
    if pressed.choice not in Choice.values:
        raise InvalidInput
    row = deciding.decide(
        approval_id=UUID(pressed.subject),
        choice=pressed.choice,
        payload_hash=pressed.token,
        user_id=pressed.user_id,
        channel=Channel.CHAT,
    )
    if pressed.choice == Choice.DENY:
        return _("You refused this. Nothing was sent.")
    if row.state == ApprovalState.PENDING:
        agreed = row.votes.filter(choice=Choice.APPROVE).count()
        return _("You approved this: %(votes)d of %(quorum)d people agreed.") % {"votes": agreed, "quorum": row.quorum}
    return _("You approved this.")


def _card(row: Approval, *, user_id: int, occasion: str) -> Card:
    path = reverse("workflows:approval_detail", args=[row.pk], urlconf="echopilot.urls_tenant")
    open_it = CardButton(label=_("Read or change it"), url=workspace_link(current_tenant().id, path))
    # What has fields to fill in is answered on its page.
    deciding_buttons = () if row.fields else (
        CardButton(choice=Choice.APPROVE, label=_("Approve"), tone="primary"),
        CardButton(choice=Choice.DENY, label=_("Refuse"), tone="danger"),
    )  # fmt: skip
    return Card(
        kind=CARD,
        subject=str(row.pk),
        token=row.payload_hash,
        text=_text(row, user_id=user_id, occasion=occasion),
        dedupe=f"approval:{row.pk}:{occasion}",
        buttons=(*deciding_buttons, open_it),
    )


def _text(row: Approval, *, user_id: int, occasion: str) -> str:
    until = timezone.localtime(row.expires_at, zone_of(user_id))
    lines = wording.lines_of(row)
    shown = [f"{place}: {' '.join(text.split())[:LINE]}" for place, text in lines[:LINES]]
    more = len(lines) - LINES
    if more > 0:
        shown.append(ngettext("and %(n)d more line", "and %(n)d more lines", more) % {"n": more})
    head = _("Still waits: approve “%(title)s”?") if occasion != "asked" else _("Approve “%(title)s”?")
    reasons = [" ".join(filter(None, (one["text"], one["detail"]))) for one in wording.reasons_of(row)]
    parts = [
        f"{head % {'title': row.title}}\n{row.workflow} · {wording.CLASSES.get(row.risk_class, row.risk_class)}",
        wording.sentence_of(row),
        "\n".join(f"• {reason}" for reason in reasons),
        "\n".join(shown),
        _("Until %(when)s (%(zone)s). No answer means no.")
        % {"when": date_format(until, "SHORT_DATETIME_FORMAT"), "zone": until.tzname()},
        _("Bound to %(hash)s") % {"hash": row.payload_hash[:12]},
    ]
    return "\n\n".join(part for part in parts if part)


KIND = CardKind(name=CARD, permission=PERMISSION, press=press, replaces="workflows.approvals")
