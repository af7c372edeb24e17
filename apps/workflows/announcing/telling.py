"""The mails of an announcement, sent by a job of their own; and its line in the notifications."""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from apps.accounts import facade as accounts
from apps.core.dashboard import Notice
from apps.core.errors import Unavailable
from apps.dispatch.contracts import JobContext
from apps.tenants.facade import current_tenant, workspace_link
from apps.workflows.announcing.models import Announcement, AnnouncementMail

KIND = "workflows.announce"
SHOWN_FOR = timedelta(days=7)


def send_mails(job: JobContext) -> None:
    """Mail an announcement to everybody who did not get it yet. Each mail is marked before it is handed over; one the mail server
    refused is unmarked and tried again later."""
    told = Announcement.objects.filter(pk=UUID(job.work.ref)).first()
    if told is None:
        return
    people = {
        one.user_id: one.user for one in accounts.list_members(tenant_id=current_tenant().id) if one.user.is_active
    }
    refused = ""
    for mail in AnnouncementMail.objects.filter(announcement=told, sent_at=None):
        person = people.get(mail.user_id)
        if person is None or not AnnouncementMail.objects.filter(pk=mail.pk, sent_at=None).update(sent_at=Now()):
            continue
        try:
            EmailMessage(subject=told.title, body=f"{told.text}\n\n{link_to(told)}\n", to=[person.email]).send()
        except OSError as error:
            AnnouncementMail.objects.filter(pk=mail.pk).update(sent_at=None)
            refused = type(error).__name__
    if refused:
        raise Unavailable(detail=f"mail server: {refused}")


def link_to(told: Announcement) -> str:
    """The run's page, as an address that works in a mail."""
    path = reverse("workflows:run_detail", args=[told.run_id], urlconf=settings.ROOT_URLCONF)
    return workspace_link(current_tenant().id, path)


def latest(limit: int) -> list[Notice]:
    """Announcements of the last week, newest first."""
    rows = Announcement.objects.filter(created_at__gte=timezone.now() - SHOWN_FOR).order_by("-created_at")[:limit]
    return [
        Notice(
            title=row.title, text=row.text[:160], url=reverse("workflows:run_detail", args=[row.run_id]), icon="bell",
            at=row.created_at, tone="ok",
        )
        for row in rows
    ]  # fmt: skip
