"""What approvals offer: a step type, jobs and their schedule."""

from apps.dispatch.contracts import JobKind, Schedule
from apps.workflows.approvals import conf, jobs
from apps.workflows.approvals.step import ApprovalStep

STEPS = (ApprovalStep(),)
KINDS = (
    JobKind(name=conf.EXPIRE_KIND, handler=jobs.expire, timeout_s=30),
    JobKind(name=conf.TALLY_KIND, handler=jobs.tally, timeout_s=30),
    JobKind(name=conf.TELL_KIND, handler=jobs.tell, timeout_s=120, max_attempts=5),
    JobKind(name=conf.SWEEP_KIND, handler=jobs.sweep, timeout_s=120, max_attempts=2),
)
SCHEDULES = (Schedule(name="approvals.sweep", every_s=60, kind=conf.SWEEP_KIND),)
