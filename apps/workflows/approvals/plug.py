"""What approvals offer: a step type, jobs and their schedule."""

from django.utils.translation import gettext_lazy as _

from apps.connectors.registries import card_kinds
from apps.core.dashboard import NoticeSource, notice_sources
from apps.core.navigation import NavigationItem, navigation
from apps.dispatch.contracts import JobKind, Schedule
from apps.live.contracts import LiveTopic
from apps.live.registries import live_topics
from apps.workflows.approvals import chatting, conf, jobs
from apps.workflows.approvals.channels import ApprovalChannel, approval_channels
from apps.workflows.approvals.mailing import send_mails
from apps.workflows.approvals.reading import count_pending, notices
from apps.workflows.approvals.step import ApprovalStep

approval_channels.register(ApprovalChannel(name="mail", send=send_mails))
approval_channels.register(ApprovalChannel(name="chat", send=chatting.send_cards, close=chatting.close_cards))
card_kinds.register(chatting.KIND)
navigation.register(
    NavigationItem(
        url_name="workflows:approval_list",
        label=_("Approvals"),
        icon="shield-check",
        order=200,
        permission="runs.view",
        group="run",
        also=frozenset(
            {"workflows:approval_detail", "workflows:deputy_list", "workflows:rule_list", "workflows:rule_create"}
        ),
    )
)
notice_sources.register(
    NoticeSource(
        name="workflows.approvals",
        section="needs",
        order=15,
        permission="approvals.decide",
        list=notices,
        count=count_pending,
    )
)
live_topics.register(LiveTopic(kind="approvals", permission="runs.view"))
STEPS = (ApprovalStep(),)
KINDS = (
    JobKind(name=conf.EXPIRE_KIND, handler=jobs.expire, timeout_s=30),
    JobKind(name=conf.TALLY_KIND, handler=jobs.tally, timeout_s=30),
    JobKind(name=conf.TELL_KIND, handler=jobs.tell, timeout_s=120, max_attempts=5),
    JobKind(name=conf.SWEEP_KIND, handler=jobs.sweep, timeout_s=120, max_attempts=2),
)
SCHEDULES = (Schedule(name="approvals.sweep", every_s=60, kind=conf.SWEEP_KIND),)
