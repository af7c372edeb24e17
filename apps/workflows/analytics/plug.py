"""What analytics offers: the roll-up, by schedule and on demand; where revenue per run comes from."""

from apps.dispatch.contracts import JobContext, JobKind, Schedule
from apps.dispatch.registries import schedules, work_kinds
from apps.workflows.analytics.conf import ROLL_UP_KIND
from apps.workflows.analytics.rollup import roll_up


def measure(context: JobContext) -> None:
    """Write the sums of the days that may have changed."""
    roll_up()


work_kinds.register(JobKind(name=ROLL_UP_KIND, handler=measure, timeout_s=600, max_parallel=1))
schedules.register(Schedule(name=ROLL_UP_KIND, every_s=300, kind=ROLL_UP_KIND))
