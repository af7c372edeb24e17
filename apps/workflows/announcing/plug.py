"""What announcements offer: the step, the job that mails them, their lines in the notifications."""

from apps.core.dashboard import NoticeSource, notice_sources
from apps.dispatch.contracts import JobKind
from apps.dispatch.registries import work_kinds
from apps.workflows.announcing import telling
from apps.workflows.announcing.step import NotifyStep
from apps.workflows.registries import step_types

step_types.register(NotifyStep())
work_kinds.register(JobKind(name=telling.KIND, handler=telling.send_mails, timeout_s=120, max_attempts=12))
notice_sources.register(
    NoticeSource(name="workflows.told", section="changed", order=30, permission="workspace.view", list=telling.latest)
)
