"""Choices of dispatch and the table of legal moves between work states."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class WorkState(TextChoices):
    """Life of one work item. ``done`` and ``cancelled`` rows never change again; ``dead`` ones only by an operator's redrive."""

    READY = "ready", _("Ready")
    RUNNING = "running", _("Running")
    WAITING = "waiting", _("Waiting")
    REVIEW = "review", _("Needs a person")
    DONE = "done", _("Done")
    DEAD = "dead", _("Given up")
    CANCELLED = "cancelled", _("Cancelled")


LIVE_STATES = (WorkState.READY, WorkState.RUNNING, WorkState.WAITING, WorkState.REVIEW)
FINAL_STATES = (WorkState.DONE, WorkState.DEAD, WorkState.CANCELLED)

LEGAL_MOVES: dict[WorkState, tuple[WorkState, ...]] = {
    WorkState.READY: (WorkState.READY, WorkState.RUNNING, WorkState.DEAD, WorkState.CANCELLED),
    WorkState.RUNNING: (
        WorkState.RUNNING,
        WorkState.READY,
        WorkState.WAITING,
        WorkState.REVIEW,
        WorkState.DONE,
        WorkState.DEAD,
        WorkState.CANCELLED,
    ),
    WorkState.WAITING: (WorkState.WAITING, WorkState.READY, WorkState.DEAD, WorkState.CANCELLED),
    WorkState.REVIEW: (WorkState.REVIEW, WorkState.READY, WorkState.DONE, WorkState.CANCELLED),
    WorkState.DEAD: (WorkState.READY,),
    WorkState.DONE: (),
    WorkState.CANCELLED: (),
}


class Queue(TextChoices):
    """How urgent: a person is looking, ordinary, or a large batch. Shares of a worker's slots are kept per queue."""

    INTERACTIVE = "interactive", _("Interactive")
    DEFAULT = "default", _("Ordinary")
    BULK = "bulk", _("Bulk")


class ScheduleScope(TextChoices):
    """Who a schedule runs for: once for the platform (in the operator's tenant) or once for every tenant."""

    PLATFORM = "platform", _("Platform")
    TENANT = "tenant", _("Every tenant")


class LossReason(TextChoices):
    """Why a sweep took a running item away from its owner."""

    OWNER_GONE = "owner_gone", _("The worker's record is gone")
    LEASE_EXPIRED = "lease_expired", _("The worker stopped answering")
    DEADLINE_PASSED = "deadline_passed", _("The step ran longer than allowed")
