"""What connectors offer to the platform: Notion in the catalogue, the jobs of its loop, their schedule."""

from django.utils.translation import gettext_lazy as _

from apps.connectors import notices, onboarding, overview, preflight, renewal
from apps.connectors.bot import cards, commands, talk
from apps.connectors.providers.notion import jobs, outbox
from apps.connectors.providers.shelf import CATALOGUE
from apps.connectors.registries import bot_commands, connectors
from apps.connectors.webhooks_out import plug as _webhooks_out  # noqa: F401 - registers what outgoing webhooks offer
from apps.core.dashboard import NoticeSource, notice_sources
from apps.core.navigation import NavigationItem, navigation
from apps.core.onboarding import onboarding_steps
from apps.core.preflight import PreflightCheck, preflight_checks
from apps.core.search import PaletteAction, SearchSource, palette_actions, search_sources
from apps.dispatch.contracts import JobKind, Schedule
from apps.dispatch.enums import ScheduleScope
from apps.dispatch.registries import schedules, work_kinds
from apps.tenants.registries import tenant_figures

for manifest in CATALOGUE:
    connectors.register(manifest)
work_kinds.register(JobKind(name=jobs.SWEEP, handler=jobs.sweep_connections, timeout_s=60, max_attempts=1))
work_kinds.register(JobKind(name=jobs.POLL, handler=jobs.poll, timeout_s=600, max_attempts=1, max_parallel=2))
work_kinds.register(JobKind(name=jobs.SETUP, handler=jobs.set_up, timeout_s=600, max_attempts=2, max_parallel=1))
work_kinds.register(JobKind(name=outbox.PUSH, handler=jobs.push, timeout_s=180, max_attempts=20, max_parallel=2))
work_kinds.register(JobKind(name=renewal.SWEEP, handler=renewal.sweep, timeout_s=300, max_attempts=1))
work_kinds.register(JobKind(name=talk.SWEEP, handler=talk.sweep, timeout_s=120, max_attempts=1, max_parallel=2))
schedules.register(Schedule(name="telegram.sweep", every_s=10, kind=talk.SWEEP, scope=ScheduleScope.TENANT))
work_kinds.register(JobKind(name=cards.DELIVER, handler=talk.deliver, timeout_s=120, max_attempts=3, max_parallel=1))
for command in commands.COMMANDS:
    bot_commands.register(command)
schedules.register(Schedule(name="connectors.sweep", every_s=60, kind=renewal.SWEEP, scope=ScheduleScope.TENANT))
schedules.register(Schedule(name="notion.sweep", every_s=60, kind=jobs.SWEEP, scope=ScheduleScope.TENANT))
preflight_checks.register(PreflightCheck(name="notion", check=preflight.notion, order=70))
navigation.register(
    NavigationItem(
        url_name="connections:connection_list",
        label=_("Connections"),
        icon="plug",
        order=150,
        permission="connections.view",
        group="build",
        also=frozenset({
            "connections:connection_detail", "connections:connection_create", "connections:connection_schema",
            "connections:connection_reconnect", "connections:conflict_list", "connections:catalogue",
            "connections:catalogue_detail",
        }),
    )
)  # fmt: skip
notice_sources.register(
    NoticeSource(name="connections", section="needs", order=30, permission="connections.view", list=notices.connections)
)
notice_sources.register(
    NoticeSource(
        name="conflicts", section="needs", order=40, permission="conflicts.resolve", list=notices.conflicts,
        count=notices.count_conflicts,
    )
)  # fmt: skip
search_sources.register(
    SearchSource(
        name="connections", label=_("Connections"), permission="connections.view", search=notices.find, order=60
    )
)
palette_actions.register(
    PaletteAction(
        name="connect", label=_("Connect a service"), icon="plug", url_name="connections:connection_list",
        permission="connections.manage", keywords=_("notion token integration add connection"), order=150,
    )
)  # fmt: skip
for onboarding_step in onboarding.STEPS:
    onboarding_steps.register(onboarding_step)
for figure in overview.FIGURES:
    tenant_figures.register(figure)
