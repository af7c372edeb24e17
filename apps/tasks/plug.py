"""What the task queue offers: steps, Notion databases, jobs and their schedules."""

from apps.connectors.registries import notion_databases
from apps.dispatch.contracts import JobKind, Schedule
from apps.dispatch.enums import Queue
from apps.dispatch.registries import schedules, work_kinds
from apps.live.contracts import LiveTopic
from apps.live.registries import live_topics
from apps.tasks import jobs, steps
from apps.tasks.notion.databases import DATABASES
from apps.tasks.selectors import task_exists
from apps.workflows.registries import step_types

for step in steps.ALL:
    step_types.register(step)

for database in DATABASES:
    notion_databases.register(database)

for kind in (
    JobKind(name=jobs.SWEEP, handler=jobs.sweep, timeout_s=120, max_attempts=2),
    JobKind(name=jobs.METRICS, handler=jobs.roll_up_metrics, timeout_s=120, max_attempts=3),
    JobKind(name=jobs.HEARTBEAT, handler=jobs.notion_heartbeat, timeout_s=60, max_attempts=2),
    JobKind(name=jobs.INSTALL, handler=jobs.install_defaults, timeout_s=60, max_attempts=8),
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
