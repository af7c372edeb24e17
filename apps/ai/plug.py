"""What the gateway offers: its sweep and sums, its preflight question, its pages, notices and what the palette finds."""

from django.utils.translation import gettext_lazy as _

from apps.ai import notices, onboarding, overview
from apps.ai.jobs import ROLL_KIND, SWEEP_KIND, roll_up_usage, sweep, try_prompt
from apps.ai.preflight import models
from apps.ai.prompts import testing
from apps.ai.registries import CallTexts, call_texts
from apps.core.dashboard import DashboardCard, NoticeSource, dashboard_cards, notice_sources
from apps.core.navigation import NavigationItem, navigation
from apps.core.onboarding import onboarding_steps
from apps.core.preflight import PreflightCheck, preflight_checks
from apps.core.search import PaletteAction, SearchSource, palette_actions, search_sources
from apps.dispatch.contracts import JobKind, Schedule
from apps.dispatch.enums import Queue
from apps.dispatch.registries import schedules, work_kinds
from apps.live.contracts import LiveTopic
from apps.live.registries import live_topics
from apps.tenants.registries import tenant_figures

work_kinds.register(JobKind(name=SWEEP_KIND, handler=sweep, timeout_s=60, max_attempts=3, max_parallel=1))
schedules.register(Schedule(name="ai.sweep_reservations", every_s=300, kind=SWEEP_KIND, queue=Queue.BULK))
preflight_checks.register(PreflightCheck(name="models", check=models, order=60))
work_kinds.register(JobKind(name=ROLL_KIND, handler=roll_up_usage, timeout_s=300, max_attempts=3, max_parallel=1))
schedules.register(Schedule(name="ai.roll_up_usage", every_s=3600, kind=ROLL_KIND, queue=Queue.BULK))
navigation.register(
    NavigationItem(
        url_name="costs:usage",
        label=_("Usage and costs"),
        icon="wallet",
        order=310,
        permission="costs.view",
        group="business",
        also=frozenset({
            "costs:call_list", "costs:call_detail", "costs:price_list", "costs:model_list", "costs:budget_list",
            "costs:budget_create", "costs:budget_edit",
        }),
    )
)  # fmt: skip
dashboard_cards.register(
    DashboardCard(name="ai.month", section="cost", order=10, permission="costs.view", template="ai/_cost_card.html",
                  context=notices.cost_card)
)  # fmt: skip
notice_sources.register(
    NoticeSource(name="budgets", section="needs", order=50, permission="costs.view", list=notices.budgets)
)
search_sources.register(
    SearchSource(name="models", label=_("Models"), permission="costs.view", search=notices.find_models, order=90)
)
palette_actions.register(
    PaletteAction(name="new_budget", label=_("New budget"), icon="wallet", url_name="costs:budget_create",
                  permission="budgets.manage", keywords=_("cap limit spend money"), order=210)
)  # fmt: skip
palette_actions.register(
    PaletteAction(name="prices", label=_("Model prices"), icon="wallet", url_name="costs:price_list",
                  permission="costs.view", keywords=_("token price list dollars"), order=220)
)  # fmt: skip
palette_actions.register(
    PaletteAction(name="models", label=_("Models and routes"), icon="bot", url_name="costs:model_list",
                  permission="costs.view", keywords=_("fallback breaker retirement judge"), order=230)
)  # fmt: skip
work_kinds.register(JobKind(name=testing.TEST_KIND, handler=try_prompt, timeout_s=300, max_attempts=4, max_parallel=2))
live_topics.register(LiveTopic(kind="prompt_tests", permission="workflows.view", exists=testing.run_exists))
call_texts.register(CallTexts(name="prompt_tests", read=testing.read_texts))
navigation.register(
    NavigationItem(
        url_name="prompts:prompt_list",
        label=_("Prompts"),
        icon="message-square",
        order=120,
        permission="workflows.view",
        group="build",
        also=frozenset({
            "prompts:prompt_create", "prompts:prompt_detail", "prompts:prompt_publish", "prompts:builtin_detail",
            "prompts:version_list", "prompts:version_compare", "prompts:version_detail", "prompts:test_list",
            "prompts:case_create", "prompts:case_edit", "prompts:run_start", "prompts:run_detail",
        }),
    )
)  # fmt: skip
search_sources.register(
    SearchSource(name="prompts", label=_("Prompts"), permission="workflows.view", search=notices.find_prompts, order=55)
)
palette_actions.register(
    PaletteAction(name="new_prompt", label=_("New prompt"), icon="message-square", url_name="prompts:prompt_create",
                  permission="prompts.manage", keywords=_("wording instruction template model"), order=130)
)  # fmt: skip
for step in onboarding.STEPS:
    onboarding_steps.register(step)
for figure in overview.FIGURES:
    tenant_figures.register(figure)
