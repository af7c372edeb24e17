"""Tells one browser that a review waits. The text names nobody and nothing: it stands on lock screens."""

import json
from uuid import UUID

import httpx
from django.conf import settings
from django.db.models import F
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from apps.core.errors import Unavailable
from apps.core.outbound import OutboundRefused, client
from apps.dispatch.contracts import JobContext, NewWork
from apps.dispatch.facade import enqueue_many
from apps.portal.models import PushSubscription
from apps.portal.pwa.encryption import authorization, encrypt, read_receiver
from apps.portal.pwa.keys import push_key
from apps.portal.pwa.subscriptions import listeners
from apps.tasks.enums import TaskState
from apps.tasks.errors import UnknownTask
from apps.tasks.facade import get_task

KIND = "portal.push"
INBOX = "/tasks/inbox/"
SECONDS_TO_LIVE = 4 * 3600
GONE = frozenset({404, 410})
MOST_FAILURES = 20


def announce_review(*, tenant_id: int, task_id: UUID) -> int:
    """Enqueue one message per listening browser; a second call for the same wait adds nothing. Returns how many listen."""
    found = listeners(tenant_id=tenant_id)
    works = [NewWork(kind=KIND, ref=f"{one}/{task_id}", dedupe_key=f"{one}/{task_id}") for one in found]
    if works:
        enqueue_many(tenant_id=tenant_id, works=works)
    return len(works)


def send_push(job: JobContext) -> None:
    """The job: send one message. A browser that is gone is forgotten; a push service that is down is tried again.

    Nothing is sent for a review that was decided meanwhile.
    """
    subscription_id, _slash, task_id = job.work.ref.partition("/")
    row = PushSubscription.objects.filter(pk=subscription_id, tenant_id=job.work.tenant_id).first()
    if row is None or not _still_waits(task_id):
        return
    key = push_key()
    receiver = read_receiver(p256dh=row.public_key, auth=str(row.auth_secret))
    headers = {
        "Authorization": authorization(
            str(row.endpoint),
            private_key=str(key.private_key),
            contact=settings.DEFAULT_FROM_EMAIL.rpartition("<")[2].rstrip(">"),
        ),
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(SECONDS_TO_LIVE),
        "Urgency": "high",
        "Topic": "review",
    }
    _deliver(row, encrypt(message(row.language), receiver), headers)


def message(language: str) -> bytes:
    """What the service worker shows: title, text, where a tap leads, language and direction; nothing personal."""
    with translation.override(language or settings.LANGUAGE_CODE):
        return json.dumps({
            "title": "EchoPilot",
            "body": _("A review waits for you."),
            "tag": "review",
            "url": INBOX,
            "lang": translation.get_language(),
            "dir": "rtl" if translation.get_language_bidi() else "ltr",
        }).encode()  # fmt: skip


def _still_waits(task_id: str) -> bool:
    try:
        return bool(get_task(task_id).state == TaskState.REVIEW)
    except UnknownTask:
        return False


def _deliver(row: PushSubscription, body: bytes, headers: dict[str, str]) -> None:
    mine = PushSubscription.objects.filter(pk=row.pk)
    try:
        with client(purpose="push", timeout=10, max_bytes=20_000) as http:
            status = http.post(str(row.endpoint), content=body, headers=headers).status_code
    except OutboundRefused:
        mine.delete()
        return
    except httpx.HTTPError as error:
        _note_failure(row)
        raise Unavailable(detail=f"push service: {type(error).__name__}") from error
    if status in GONE:
        mine.delete()
    elif status == 429 or status >= 500:
        _note_failure(row)
        raise Unavailable(detail=f"push service answered {status}")
    elif status >= 400:
        _note_failure(row)
    else:
        mine.update(sent_at=timezone.now(), failures=0)


def _note_failure(row: PushSubscription) -> None:
    """Count; a browser that could not be reached so often in a row is forgotten."""
    mine = PushSubscription.objects.filter(pk=row.pk)
    mine.update(failures=F("failures") + 1)
    mine.filter(failures__gte=MOST_FAILURES).delete()
