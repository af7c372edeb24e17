"""What triggers offer: their kinds, their jobs and the sweep that catches up."""

from django.utils.translation import gettext_lazy as _

from apps.connectors.contracts import EventListener
from apps.connectors.registries import event_listeners, event_types
from apps.dispatch.contracts import JobKind, Schedule
from apps.dispatch.registries import schedules, work_kinds
from apps.workflows.triggers import hearing, jobs, types
from apps.workflows.triggers.enums import TriggerKind
from apps.workflows.triggers.happenings import EVENT_TYPES
from apps.workflows.triggers.syncing import materialise_schedule
from apps.workflows.triggers.types import TRIGGER_TYPES, TriggerType

ANY = {"type": "object"}
work_kinds.register(JobKind(name=jobs.FIRE, handler=jobs.fire, timeout_s=60, max_attempts=8, max_parallel=2))
work_kinds.register(JobKind(name=jobs.BEGIN, handler=jobs.begin, timeout_s=60, max_attempts=8, max_parallel=4))
work_kinds.register(JobKind(name=jobs.SWEEP, handler=jobs.sweep, timeout_s=120, max_attempts=2))
schedules.register(Schedule(name="triggers.sweep", every_s=60, kind=jobs.SWEEP))

for entry in (
    TriggerType(
        type=TriggerKind.MANUAL.value,
        title=TriggerKind.MANUAL.label,
        description=_("A person presses a button, or a program asks by the API."),
        icon="play",
        config_schema=types.MANUAL_SCHEMA,
        output_schema=ANY,
    ),
    TriggerType(
        type=TriggerKind.SCHEDULE.value,
        title=TriggerKind.SCHEDULE.label,
        description=_(
            "At set times on the clock of a place, or in a steady rhythm. Summer time and missed times have stated rules."
        ),
        icon="clock",
        config_schema=types.SCHEDULE_SCHEMA,
        output_schema=types.SCHEDULE_OUTPUT,
        check=types.check_schedule,
        materialise=materialise_schedule,
    ),
    TriggerType(
        type=TriggerKind.WEBHOOK.value,
        title=TriggerKind.WEBHOOK.label,
        description=_(
            "Another program calls a secret address. Signed calls are checked, and the same delivery starts nothing twice."
        ),
        icon="plug",
        config_schema=types.WEBHOOK_SCHEMA,
        output_schema=types.WEBHOOK_OUTPUT,
        check=types.check_webhook,
    ),
    TriggerType(
        type=TriggerKind.EMAIL.value,
        title=TriggerKind.EMAIL.label,
        description=_("A mail arrives at an address of the workflow's own."),
        icon="mail",
        config_schema=types.EMAIL_SCHEMA,
        output_schema=types.EMAIL_OUTPUT,
        check=types.check_webhook,
    ),
    TriggerType(
        type=TriggerKind.EVENT.value,
        title=TriggerKind.EVENT.label,
        description=_("Something happened in this workspace: a task was done, a run failed, an approval was decided."),
        icon="zap",
        config_schema=types.EVENT_SCHEMA,
        output_schema=types.EVENT_OUTPUT,
        check=hearing.check_event,
        materialise=hearing.listen,
        withdraw=hearing.stop_listening,
    ),
    TriggerType(
        type=TriggerKind.CONNECTOR.value,
        title=TriggerKind.CONNECTOR.label,
        description=_("A row of a connected database was changed by a person over there."),
        icon="database",
        config_schema=types.CONNECTOR_SCHEMA,
        output_schema=types.EVENT_OUTPUT,
        check=hearing.check_event,
        materialise=hearing.listen,
        withdraw=hearing.stop_listening,
    ),
    TriggerType(
        type=TriggerKind.TASK.value,
        title=TriggerKind.TASK.label,
        description=_("Tasks of one type are answered by this workflow instead of the built-in one."),
        icon="list-checks",
        config_schema=types.TASK_SCHEMA,
        output_schema=ANY,
        materialise=hearing.bind_task_type,
        withdraw=hearing.unbind_task_type,
    ),
):
    TRIGGER_TYPES.register(entry)
for event_type in EVENT_TYPES:
    event_types.register(event_type)
event_listeners.register(EventListener(name="workflows.triggers", hear=hearing.hear))
