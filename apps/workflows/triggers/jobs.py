"""What dispatch runs for triggers: thin, safe to run twice."""

from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now

from apps.dispatch.contracts import JobContext
from apps.workflows.faultpoints import reach
from apps.workflows.models import Firing, Trigger
from apps.workflows.triggers import firing
from apps.workflows.triggers.enums import FiringState

FIRE, BEGIN, SWEEP = firing.FIRE, firing.BEGIN, "triggers.sweep"
PAGE = 200
LATE = timedelta(seconds=30)
KEPT = timedelta(days=30)


def fire(job: JobContext) -> None:
    """A schedule is due."""
    firing.fire_schedule(trigger_id=job.work.ref)


def begin(job: JobContext) -> None:
    """An occasion was received, or waits its turn."""
    with transaction.atomic():
        firing.begin_by_id(firing_id=job.work.ref)
        job.complete_in_transaction()
        reach("begin.before_commit")


def sweep(job: JobContext) -> None:
    """Catch up with what a lost work item left behind, and forget old occasions."""
    catch_up()


def catch_up() -> None:
    """Fire schedules that are overdue, plan those that nobody planned, take on occasions left open, forget old ones."""
    overdue = Trigger.objects.filter(next_at__lt=Now() - LATE).order_by("next_at").values_list("pk", flat=True)
    for trigger_id in list(overdue[:PAGE]):
        firing.fire_schedule(trigger_id=trigger_id)
    for trigger in Trigger.objects.filter(next_at__lt=Now() + timedelta(minutes=5))[:PAGE]:
        firing.plan(trigger)
    waiting = Firing.objects.filter(state__in=[FiringState.RECEIVED, FiringState.QUEUED], created_at__lt=Now() - LATE)
    for firing_id in list(waiting.order_by("created_at").values_list("pk", flat=True)[:PAGE]):
        firing.begin_by_id(firing_id=firing_id)
    old = Firing.objects.filter(decided_at__lt=Now() - KEPT).order_by("decided_at").values("pk")[: PAGE * 5]
    Firing.objects.filter(pk__in=list(old.values_list("pk", flat=True))).delete()
