"""What the assistant offers the portal; registered by the app's own ``plug``."""

from django.utils.translation import gettext_lazy as _

from apps.core.navigation import NavigationItem
from apps.core.search import PaletteAction

PAGE = NavigationItem(
    url_name="assistant:conversation_new",
    label=_("Assistant"),
    icon="bot",
    order=35,
    permission="workspace.view",
    also=frozenset({"assistant:conversation_detail", "assistant:ask"}),
)
QUESTION = PaletteAction(
    name="question",
    label=_("Ask the assistant"),
    icon="bot",
    url_name="assistant:ask",
    permission="workspace.view",
    post=True,
    question_field="question",
)
ACTION = PaletteAction(
    name="ask",
    label=_("Ask the assistant"),
    icon="bot",
    url_name="assistant:conversation_new",
    permission="workspace.view",
    keywords=_("question help chat answer why"),
    order=40,
)
