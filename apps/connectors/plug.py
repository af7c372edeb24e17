"""What connectors offer to the platform: Notion in the catalogue, the jobs of its loop, their schedule."""

from apps.connectors.providers.notion import jobs, outbox
from apps.connectors.providers.notion.manifest import NOTION
from apps.connectors.registries import connectors
from apps.dispatch.contracts import JobKind, Schedule
from apps.dispatch.enums import ScheduleScope
from apps.dispatch.registries import schedules, work_kinds

connectors.register(NOTION)
work_kinds.register(JobKind(name=jobs.SWEEP, handler=jobs.sweep_connections, timeout_s=60, max_attempts=1))
work_kinds.register(JobKind(name=jobs.POLL, handler=jobs.poll, timeout_s=600, max_attempts=1, max_parallel=2))
work_kinds.register(JobKind(name=outbox.PUSH, handler=jobs.push, timeout_s=180, max_attempts=20, max_parallel=2))
schedules.register(Schedule(name="notion.sweep", every_s=60, kind=jobs.SWEEP, scope=ScheduleScope.TENANT))
