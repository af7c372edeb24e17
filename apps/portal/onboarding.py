"""The step of getting started that is about being told."""

from django.utils.translation import gettext_lazy as _

from apps.core.onboarding import OnboardingStep
from apps.portal.pwa.subscriptions import has_subscription
from apps.tenants.facade import current_tenant


def _is_told(user_id: int) -> bool:
    return has_subscription(tenant_id=current_tenant().id, user_id=user_id)


STEPS = (
    OnboardingStep(
        name="notifications",
        order=60,
        title=_("Choose where you are told"),
        text=_("Let a browser or phone tell you when an answer waits, also when no page is open."),
        action=_("Choose a device"),
        advice=_("Switch notifications on, so that this device tells you when an answer waits."),
        url_name="pwa:install",
        icon="bell",
        permission="tasks.review",
        is_done=_is_told,
    ),
)
