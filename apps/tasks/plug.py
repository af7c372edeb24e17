"""What the task queue offers: steps, Notion databases, jobs and their schedules."""

from django.utils.translation import gettext_lazy as _

from apps.ai.registries import outcome_sources
from apps.connectors.registries import event_types, notion_databases
from apps.core.dashboard import DashboardCard, NoticeSource, dashboard_cards, notice_sources
from apps.core.navigation import navigation
from apps.core.onboarding import onboarding_steps
from apps.core.search import PaletteAction, SearchSource, palette_actions, search_sources
from apps.core.seeded import know_seeded
from apps.dispatch.contracts import JobKind, Schedule
from apps.dispatch.enums import Queue
from apps.dispatch.registries import schedules, work_kinds
from apps.live.contracts import LiveTopic
from apps.live.registries import live_topics
from apps.tasks import jobs, onboarding, overview, seeded, steps, subject
from apps.tasks.assistant import plug as assistant
from apps.tasks.doors import DOOR
from apps.tasks.enums import TaskState
from apps.tasks.happenings import EVENT_TYPES
from apps.tasks.notion.databases import DATABASES
from apps.tasks.outcomes import FINISHED_TASKS
from apps.tasks.selectors import count_open_reviews, count_tasks_by_state, task_exists
from apps.tenants.registries import tenant_figures
from apps.workflows.registries import request_doors, step_types, subjects

know_seeded(seeded.NAMES)
for step in steps.ALL:
    step_types.register(step)

outcome_sources.register(FINISHED_TASKS)
request_doors.register(DOOR)
for event_type in EVENT_TYPES:
    event_types.register(event_type)
navigation.register(assistant.PAGE)
palette_actions.register(assistant.ACTION)
palette_actions.register(assistant.QUESTION)

for database in DATABASES:
    notion_databases.register(database)

for kind in (
    JobKind(name=jobs.SWEEP, handler=jobs.sweep, timeout_s=120, max_attempts=2),
    JobKind(name=jobs.METRICS, handler=jobs.roll_up_metrics, timeout_s=120, max_attempts=3),
    JobKind(name=jobs.HEARTBEAT, handler=jobs.notion_heartbeat, timeout_s=60, max_attempts=2),
    JobKind(name=jobs.INSTALL, handler=jobs.install_defaults, timeout_s=60, max_attempts=8),
    JobKind(name=jobs.APPLY, handler=jobs.apply_decision, timeout_s=60, max_attempts=5),
):
    work_kinds.register(kind)

for schedule in (
    Schedule(name="tasks.sweep", every_s=60, kind=jobs.SWEEP, queue=Queue.BULK, timeout_s=120),
    Schedule(name="tasks.metrics", every_s=3600, kind=jobs.METRICS, queue=Queue.BULK, timeout_s=120),
    Schedule(name="tasks.heartbeat", every_s=3600, kind=jobs.HEARTBEAT, queue=Queue.BULK),
):
    schedules.register(schedule)

live_topics.register(LiveTopic(kind="tasks", permission="tasks.view"))
live_topics.register(LiveTopic(kind="task", permission="tasks.view", exists=task_exists))
for onboarding_step in onboarding.STEPS:
    onboarding_steps.register(onboarding_step)

subjects.register(subject.SUBJECT)
search_sources.register(
    SearchSource(name="tasks", label=_("Tasks"), permission="tasks.view", search=subject.find, order=10)
)
palette_actions.register(
    PaletteAction(
        name="tasks.create",
        label=_("New task"),
        icon="plus",
        url_name="tasks:task_create",
        permission="tasks.create",
        keywords=_("ask request write summarise"),
        creates=True,
        order=10,
        help=_("Ask for something and see it answered."),
    )
)
notice_sources.register(
    NoticeSource(
        name="tasks.reviews",
        section="needs",
        order=10,
        permission="tasks.review",
        list=subject.reviews,
        count=count_open_reviews,
    )
)
notice_sources.register(
    NoticeSource(
        name="tasks.failures",
        section="needs",
        order=30,
        permission="tasks.view",
        list=subject.failures,
        count=lambda: count_tasks_by_state()[TaskState.FAILED],
    )
)
dashboard_cards.register(
    DashboardCard(
        name="tasks.running",
        section="running",
        order=10,
        permission="tasks.view",
        template="tasks/_card_running.html",
        context=subject.running,
    )
)
for figure in overview.FIGURES:
    tenant_figures.register(figure)
