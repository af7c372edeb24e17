"""What workflows offers: its kinds of work, its step types, its schedule."""

from apps.dispatch.contracts import EngineKind, JobKind, Schedule
from apps.dispatch.registries import schedules, work_kinds
from apps.live.contracts import LiveTopic
from apps.live.registries import live_topics
from apps.workflows.conf import RECONCILE_KIND, RUN_KIND
from apps.workflows.engine.runner import RunEngine
from apps.workflows.live_topics import run_exists
from apps.workflows.registries import step_types
from apps.workflows.services.reconcile import reconcile_runs
from apps.workflows.steps.builtin import BUILTIN
from apps.workflows.steps.connectors import connector_steps
from apps.workflows.steps.models import MODEL_STEPS

work_kinds.register(EngineKind(name=RUN_KIND, engine=RunEngine))
work_kinds.register(
    JobKind(name=RECONCILE_KIND, handler=lambda context: reconcile_runs(), timeout_s=120, max_parallel=1)
)
schedules.register(Schedule(name="workflows.reconcile", every_s=300, kind=RECONCILE_KIND))
for _step in (*BUILTIN, *MODEL_STEPS, *connector_steps()):
    step_types.register(_step)

live_topics.register(LiveTopic(kind="runs", permission="runs.view"))
live_topics.register(LiveTopic(kind="run", permission="runs.view", exists=run_exists))
