"""The step of getting started that is about money."""

from django.utils.translation import gettext_lazy as _

from apps.ai.models import Budget
from apps.core.onboarding import OnboardingStep


def _has_budget(_user_id: int) -> bool:
    return Budget.objects.filter(is_plan=False, cap_micros__isnull=False).exists()


STEPS = (
    OnboardingStep(
        name="budget",
        order=50,
        title=_("Set a budget"),
        text=_("Say what a month may cost. At the cap calls are refused before they cost anything."),
        action=_("Set a budget"),
        advice=_("Set a budget: calls are refused at the cap, so a month never costs more than you said."),
        url_name="costs:budget_create",
        icon="wallet",
        permission="budgets.manage",
        is_done=_has_budget,
    ),
)
