"""What workflows offers: its kinds of work, its step types, its schedule."""

from django.utils.translation import gettext_lazy as _

from apps.ai.registries import call_texts, prompt_users
from apps.core.dashboard import DashboardCard, NoticeSource, dashboard_cards, notice_sources
from apps.core.navigation import NavigationItem, navigation
from apps.core.reference import reference_shelves
from apps.core.search import SearchSource, palette_actions, search_sources
from apps.dispatch.contracts import EngineKind, JobKind, Schedule
from apps.dispatch.registries import schedules, work_kinds
from apps.live.contracts import LiveTopic
from apps.live.registries import live_topics
from apps.tenants.registries import CloneStep, clone_steps, tenant_figures
from apps.workflows import offers, overview
from apps.workflows.announcing import plug as _announcing  # noqa: F401 - registers how runs tell people
from apps.workflows.approvals import plug as approvals
from apps.workflows.authoring.plug import ACTIONS
from apps.workflows.call_texts import STEP_TEXTS
from apps.workflows.conf import CANCEL_KIND, RECONCILE_KIND, RUN_KIND
from apps.workflows.engine.runner import RunEngine
from apps.workflows.live_topics import draft_exists, run_exists
from apps.workflows.manual.plug import SHELVES
from apps.workflows.registries import step_types
from apps.workflows.services.cancelling import HELD
from apps.workflows.services.prompts import PROMPT_USERS
from apps.workflows.services.reconcile import reconcile_runs
from apps.workflows.services.recovery import cancel_copied_runs
from apps.workflows.steps.answers import ANSWER_STEPS
from apps.workflows.steps.builtin import BUILTIN
from apps.workflows.steps.connectors import connector_steps
from apps.workflows.steps.messages import MESSAGE_STEPS
from apps.workflows.steps.models import MODEL_STEPS
from apps.workflows.steps.subworkflows import RunWorkflowStep
from apps.workflows.triggers import plug as _triggers  # noqa: F401 - registers what triggers offer
from apps.workflows.whatif import plug as _whatif  # noqa: F401 - registers what replay, healing and analytics offer

call_texts.register(STEP_TEXTS)
prompt_users.register(PROMPT_USERS)
work_kinds.register(EngineKind(name=RUN_KIND, engine=RunEngine))
work_kinds.register(
    JobKind(name=RECONCILE_KIND, handler=lambda context: reconcile_runs(), timeout_s=120, max_parallel=1)
)
work_kinds.register(
    JobKind(name=CANCEL_KIND, handler=lambda job: HELD.apply(job.work.ref), timeout_s=60, max_attempts=5)
)
clone_steps.register(CloneStep(name="workflows", run=cancel_copied_runs))
schedules.register(Schedule(name="workflows.reconcile", every_s=300, kind=RECONCILE_KIND))
for _kind in approvals.KINDS:
    work_kinds.register(_kind)
for _schedule in approvals.SCHEDULES:
    schedules.register(_schedule)
for _step in (
    *approvals.STEPS,
    *BUILTIN,
    *MODEL_STEPS,
    *ANSWER_STEPS,
    *connector_steps(),
    RunWorkflowStep(),
    *MESSAGE_STEPS,
):
    step_types.register(_step)

live_topics.register(LiveTopic(kind="runs", permission="runs.view"))
live_topics.register(LiveTopic(kind="run", permission="runs.view", exists=run_exists))
live_topics.register(LiveTopic(kind="draft", permission="workflows.view", exists=draft_exists))

navigation.register(
    NavigationItem(
        url_name="workflows:workflow_list",
        label=_("Workflows"),
        icon="workflow",
        order=100,
        permission="workflows.view",
        group="build",
        also=frozenset({
            "workflows:workflow_detail", "workflows:builder", "library:template_list", "library:template_detail",
            "authoring:suggestion_create", "authoring:suggestion_detail", "secrets:secret_list", "secrets:secret_create",
            "secrets:secret_detail",
        }),
    )
)  # fmt: skip
for _action in ACTIONS:
    palette_actions.register(_action)
navigation.register(
    NavigationItem(
        url_name="workflows:run_list",
        label=_("Runs"),
        icon="activity",
        order=210,
        permission="runs.view",
        group="run",
        on_phone=True,
        also=frozenset({"workflows:run_detail", "workflows:run_replay", "workflows:run_compare"}),
    )
)
search_sources.register(
    SearchSource(name="runs", label=_("Runs"), permission="runs.view", search=offers.find, order=20)
)
notice_sources.register(
    NoticeSource(
        name="workflows.effects", section="needs", order=20, permission="approvals.decide", list=offers.uncertain
    )
)
dashboard_cards.register(
    DashboardCard(
        name="workflows.running",
        section="running",
        order=20,
        permission="runs.view",
        template="workflows/_card_running.html",
        context=offers.running,
    )
)
for _shelf in SHELVES:
    reference_shelves.register(_shelf)
for figure in overview.FIGURES:
    tenant_figures.register(figure)
