"""What the portal itself offers: the pages of tasks in the side bar, cards of Home, what the palette does, push messages."""

from django.utils.translation import gettext_lazy as _

from apps.core.dashboard import DashboardCard, dashboard_cards
from apps.core.navigation import NavigationItem, navigation
from apps.core.onboarding import onboarding_steps
from apps.core.search import PaletteAction, SearchSource, palette_actions, search_sources
from apps.dispatch.contracts import JobKind, Schedule
from apps.dispatch.enums import ScheduleScope
from apps.dispatch.registries import schedules, work_kinds
from apps.portal import cards, onboarding, people
from apps.portal.pwa.sending import KIND, send_push
from apps.portal.website import outages
from apps.tasks.facade import count_open_reviews

navigation.register(
    NavigationItem(
        url_name="portal:home", label=_("Home"), icon="house", order=10, permission="workspace.view", on_phone=True
    )
)
navigation.register(
    NavigationItem(
        url_name="tasks:inbox_list",
        label=_("Inbox"),
        icon="inbox",
        order=20,
        permission="tasks.view",
        on_phone=True,
        count=count_open_reviews,
        also=frozenset({"portal:notifications"}),
    )
)
navigation.register(
    NavigationItem(url_name="tasks:task_create", label=_("New task"), icon="plus", order=30, permission="tasks.create")
)
navigation.register(
    NavigationItem(
        url_name="tasks:task_list",
        label=_("Tasks"),
        icon="list-checks",
        order=40,
        permission="tasks.view",
        also=frozenset({"tasks:task_detail", "tasks:task_review"}),
    )
)
navigation.register(
    NavigationItem(
        url_name="canvas:canvas", label=_("Living Canvas"), icon="split", order=230, permission="runs.view", group="run"
    )
)

for card in (
    DashboardCard(
        name="portal.needs", section="needs", order=1, permission="workspace.view",
        template="portal/_card_needs.html", context=cards.needs,
    ),
    DashboardCard(
        name="portal.health", section="health", order=10, permission="tasks.view",
        template="portal/_card_health.html", context=cards.health,
    ),
    DashboardCard(
        name="portal.days", section="running", order=5, permission="tasks.view",
        template="portal/_card_days.html", context=cards.days,
    ),
    DashboardCard(
        name="portal.changed", section="changed", order=10, permission="tasks.view",
        template="portal/_card_changed.html", context=cards.changed,
    ),
):  # fmt: skip
    dashboard_cards.register(card)

for action in (
    PaletteAction(
        name="portal.dark", label=_("Dark theme"), icon="moon", url_name="accounts:preferences_change", post=True,
        fields={"theme": "dark"}, permission="workspace.view", keywords=_("night appearance look"), order=900,
    ),
    PaletteAction(
        name="portal.light", label=_("Light theme"), icon="sun", url_name="accounts:preferences_change", post=True,
        fields={"theme": "light"}, permission="workspace.view", keywords=_("day bright appearance look"), order=901,
    ),
    PaletteAction(
        name="portal.system", label=_("Theme of the device"), icon="monitor", url_name="accounts:preferences_change", post=True,
        fields={"theme": "system"}, permission="workspace.view", keywords=_("system automatic appearance look"), order=902,
    ),
    PaletteAction(
        name="portal.compact", label=_("Compact rows"), icon="menu", url_name="accounts:preferences_change", post=True,
        fields={"density": "compact"}, permission="workspace.view", keywords=_("dense density small"), order=903,
    ),
    PaletteAction(
        name="portal.comfortable", label=_("Comfortable rows"), icon="rows-3", url_name="accounts:preferences_change", post=True,
        fields={"density": "comfortable"}, permission="workspace.view", keywords=_("density large roomy"), order=904,
    ),
    PaletteAction(
        name="portal.shortcuts", label=_("Keyboard shortcuts"), icon="keyboard", url_name="#shortcuts",
        permission="workspace.view", keywords=_("keys help"), order=905,
    ),
    PaletteAction(
        name="portal.notifications", label=_("Notifications"), icon="bell", url_name="portal:notifications",
        permission="workspace.view", keywords=_("news changed needs me"), order=800,
    ),
):  # fmt: skip
    palette_actions.register(action)

search_sources.register(
    SearchSource(name="people", label=_("People"), permission="members.view", search=people.find, order=40)
)
for step in onboarding.STEPS:
    onboarding_steps.register(step)
work_kinds.register(JobKind(name=KIND, handler=send_push, timeout_s=30, max_attempts=5))
work_kinds.register(JobKind(name=outages.KIND, handler=outages.watch_standing, timeout_s=30, max_attempts=1))
schedules.register(
    Schedule(name=outages.KIND, every_s=outages.EVERY_S, kind=outages.KIND, scope=ScheduleScope.PLATFORM)
)
