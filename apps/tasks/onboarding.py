"""Steps of getting started that are about tasks."""

from django.utils.translation import gettext_lazy as _

from apps.core.onboarding import OnboardingStep
from apps.tasks.models import ReviewItem, Task


def _has_task(_user_id: int) -> bool:
    return Task.objects.exists()


def _has_decision(_user_id: int) -> bool:
    return ReviewItem.objects.filter(decided_at__isnull=False).exists()


STEPS = (
    OnboardingStep(
        name="first_task",
        order=10,
        title=_("Send a first task"),
        text=_("Write what you want answered. You see it being written, checked and scored."),
        action=_("Send a task"),
        advice=_("Send in a first task: one sentence is enough, and the answer shows its score and its cost."),
        url_name="tasks:task_create",
        icon="send",
        permission="tasks.create",
        is_done=_has_task,
    ),
    OnboardingStep(
        name="first_review",
        order=30,
        title=_("Review one answer"),
        text=_("Approve it, edit it, or send it back. Answers below the threshold wait for you in the inbox."),
        action=_("Open the inbox"),
        advice=_("Open the inbox and decide on one answer: approve it, edit it, or send it back with a remark."),
        url_name="tasks:inbox_list",
        icon="list-checks",
        permission="tasks.review",
        is_done=_has_decision,
    ),
)
