"""What what-if offers: judging as a kind of work, its live topic."""

from uuid import UUID

from apps.dispatch.contracts import JobKind
from apps.dispatch.registries import work_kinds
from apps.live.contracts import LiveTopic
from apps.live.registries import live_topics
from apps.workflows.live_topics import what_if_exists
from apps.workflows.whatif.conf import JUDGE_KIND
from apps.workflows.whatif.services import judge_what_if

work_kinds.register(
    JobKind(name=JUDGE_KIND, handler=lambda job: judge_what_if(UUID(job.work.ref)), timeout_s=300, max_parallel=1)
)
live_topics.register(LiveTopic(kind="whatif", permission="runs.view", exists=what_if_exists))
