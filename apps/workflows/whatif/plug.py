"""What what-if and healing offer: their kinds of work, a schedule, a live topic."""

from apps.dispatch.contracts import JobKind, Schedule
from apps.dispatch.registries import schedules, work_kinds
from apps.live.contracts import LiveTopic
from apps.live.registries import live_topics
from apps.workflows.analytics import plug as _analytics  # noqa: F401 - registers the roll-up
from apps.workflows.live_topics import what_if_exists
from apps.workflows.whatif import jobs
from apps.workflows.whatif.conf import HEALING_KIND, JUDGE_KIND

work_kinds.register(JobKind(name=JUDGE_KIND, handler=jobs.judge, timeout_s=300, max_parallel=1))
work_kinds.register(JobKind(name=HEALING_KIND, handler=jobs.look_after, timeout_s=300, max_parallel=1))
schedules.register(Schedule(name=HEALING_KIND, every_s=900, kind=HEALING_KIND))
live_topics.register(LiveTopic(kind="whatif", permission="runs.view", exists=what_if_exists))
