"""What the gateway offers: the sweep of forgotten reservations, its preflight question."""

from apps.ai.jobs import SWEEP_KIND, sweep
from apps.ai.preflight import models
from apps.core.preflight import PreflightCheck, preflight_checks
from apps.dispatch.contracts import JobKind, Schedule
from apps.dispatch.enums import Queue
from apps.dispatch.registries import schedules, work_kinds

work_kinds.register(JobKind(name=SWEEP_KIND, handler=sweep, timeout_s=60, max_attempts=3, max_parallel=1))
schedules.register(Schedule(name="ai.sweep_reservations", every_s=300, kind=SWEEP_KIND, queue=Queue.BULK))
preflight_checks.register(PreflightCheck(name="models", check=models, order=60))
