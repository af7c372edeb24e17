"""What happens elsewhere and matters to people's browsers. Hints only: the inbox is the truth."""

from typing import Any
from uuid import UUID

from django.contrib.auth.signals import user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from apps.accounts.signals import MembershipChanged, membership_changed
from apps.portal.pwa.sending import announce_review
from apps.portal.pwa.subscriptions import end_session, forget_person
from apps.tasks.enums import TaskState
from apps.tasks.signals import TaskChanged, task_changed


@receiver(task_changed, dispatch_uid="portal.review_waits")
def tell_browsers(sender: Any, event: TaskChanged, **_rest: Any) -> None:
    """A task began to wait for a person: enqueue a message to each listening browser."""
    if event.state == TaskState.REVIEW and event.before != TaskState.REVIEW and event.tenant_id is not None:
        announce_review(tenant_id=event.tenant_id, task_id=UUID(str(event.task_id)))


@receiver(user_logged_out, dispatch_uid="portal.forget_browser")
def forget_browser(sender: Any, request: HttpRequest | None = None, **_rest: Any) -> None:
    """Signing out ends the notifications of that sign-in; the middleware then empties this browser of what the app kept."""
    if request is not None:
        request.signed_out = True  # type: ignore[attr-defined]
    key = getattr(getattr(request, "session", None), "session_key", None)
    if key:
        end_session(key)


@receiver(membership_changed, dispatch_uid="portal.forget_member")
def forget_member(sender: Any, event: MembershipChanged, **_rest: Any) -> None:
    """Who left a workspace hears nothing of it any more."""
    if not event.role and event.tenant_id is not None:
        forget_person(user_id=event.user_id, tenant_id=event.tenant_id)
