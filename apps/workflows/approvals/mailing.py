"""Mails that a decision is wanted, in the language of whoever gets them. The link shows a page; it decides nothing."""

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from apps.tenants.facade import current_tenant, workspace_link
from apps.workflows.approvals import wording
from apps.workflows.approvals.channels import ApprovalMessage
from apps.workflows.approvals.links import make_link


def send_mails(message: ApprovalMessage) -> None:
    """One mail for each person who may decide. Raises ``OSError`` when the mail server refuses."""
    row, tenant = message.approval, current_tenant()
    for one in message.to:
        with translation.override(one.language or settings.LANGUAGE_CODE):
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
        EmailMultiAlternatives(subject=subject, body=body, to=[one.email]).send()
