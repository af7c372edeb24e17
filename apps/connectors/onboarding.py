"""The step of getting started that is about connections."""

from django.utils.translation import gettext_lazy as _

from apps.connectors.models import Connection
from apps.core.onboarding import OnboardingStep


def _has_connection(_user_id: int) -> bool:
    return Connection.objects.exists()


STEPS = (
    OnboardingStep(
        name="connect",
        order=20,
        title=_("Connect Notion"),
        text=_("Tick a row there and the answer is written back into it. Without an account, try the sandbox."),
        action=_("Connect"),
        advice=_("Connect Notion: then a tick in a row starts the work and the answer comes back into the same row."),
        url_name="connections:connection_list",
        icon="plug",
        permission="connections.manage",
        is_done=_has_connection,
    ),
)
