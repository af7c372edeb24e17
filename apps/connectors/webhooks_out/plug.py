"""What outgoing webhooks offer: their jobs, the sweep, and the test event."""

from django.utils.translation import gettext_lazy as _

from apps.connectors.webhooks_out import jobs, looking
from apps.connectors.webhooks_out.contracts import EventType
from apps.connectors.webhooks_out.endpoints import TEST_EVENT
from apps.connectors.webhooks_out.happenings import EVENT_TYPES
from apps.connectors.webhooks_out.manual import SHELF
from apps.connectors.webhooks_out.registries import event_types
from apps.core.dashboard import NoticeSource, notice_sources
from apps.core.reference import reference_shelves
from apps.dispatch.contracts import JobKind, Schedule
from apps.dispatch.enums import Queue
from apps.dispatch.registries import schedules, work_kinds

work_kinds.register(JobKind(name=jobs.HAND_ON, handler=jobs.hand_on, timeout_s=120, max_attempts=20, max_parallel=2))
work_kinds.register(JobKind(name=jobs.SEND, handler=jobs.send, timeout_s=900, max_attempts=20, max_parallel=4))
work_kinds.register(JobKind(name=jobs.SWEEP, handler=jobs.sweep, timeout_s=120, max_attempts=2))
schedules.register(Schedule(name="webhooks.sweep", every_s=60, kind=jobs.SWEEP, queue=Queue.BULK))
for _kind in EVENT_TYPES:
    event_types.register(_kind)
event_types.register(
    EventType(
        type=TEST_EVENT,
        title=_("Test"),
        group="webhook",
        schema={"type": "object", "properties": {"message": {"type": "string"}}},
    )
)
notice_sources.register(
    NoticeSource(name="webhooks", section="needs", order=35, permission="connections.manage", list=looking.stopped)
)
reference_shelves.register(SHELF)
