"""Mails that a decision is wanted, in the language of whoever gets them. The link shows a page; it decides nothing."""

from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from apps.tenants.facade import current_tenant, workspace_link
from apps.workflows.approvals import wording
from apps.workflows.approvals.channels import ApprovalMessage
from apps.workflows.approvals.days import zone_named
from apps.workflows.approvals.links import make_link
from apps.workflows.approvals.models import ApprovalMail
from apps.workflows.approvals.people import Decider


def send_mails(message: ApprovalMessage) -> None:
    """One mail for each person who may decide, once for an occasion: it is marked before it is handed over.

    One the mail server refused is unmarked and, when the job comes again, tried again. Raises ``OSError`` then.
    """
    row, refused = message.approval, None
    for one in message.to:
        mark: dict[str, Any] = {"approval_id": row.pk, "user_id": one.user_id, "occasion": message.occasion[:40]}
        if not ApprovalMail.objects.get_or_create(**mark)[1]:
            continue
        try:
            _mail(message, one).send()
        except OSError as error:
            ApprovalMail.objects.filter(**mark).delete()
            refused = error
    if refused is not None:
        raise refused


def _mail(message: ApprovalMessage, one: Decider) -> EmailMultiAlternatives:
    row, tenant = message.approval, current_tenant()
    with translation.override(one.language or settings.LANGUAGE_CODE), timezone.override(zone_named(one.time_zone)):
        path = reverse(
            "workflows:approval_link", args=[make_link(row, user_id=one.user_id)], urlconf="echopilot.urls_tenant"
        )
        context = {
            "title": row.title,
            "workflow": row.workflow,
            "tenant": tenant.name,
            "sentence": wording.sentence_of(row),
            "reasons": wording.reasons_of(row),
            "expires_at": row.expires_at,
            "occasion": message.occasion.partition("-")[0],
            "link": workspace_link(tenant.id, path),
        }
        subject = " ".join(render_to_string("workflows/mail/approval_subject.txt", context).split())
        body = render_to_string("workflows/mail/approval_body.txt", context)
    return EmailMultiAlternatives(subject=subject, body=body, to=[one.email])
