"""Choices of workflows."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class EffectClass(TextChoices):
    """How a step touches the world, which decides what may happen when its outcome is unknown after a crash."""

    PURE = "pure", _("No outside effect")
    KEYED = "keyed", _("Provider honours an idempotency key")
    LOOKUP = "lookup", _("Outcome can be looked up by our reference")
    BLIND = "blind", _("Neither key nor lookup")
    METERED = "metered", _("Costs money, may run again")


class RunState(TextChoices):
    """Life of a run. ``failed`` may be retried by a person; ``succeeded`` and ``cancelled`` never move."""

    RUNNING = "running", _("Running")
    WAITING = "waiting", _("Waiting")
    REVIEW = "review", _("Needs a person")
    SUCCEEDED = "succeeded", _("Succeeded")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class StepState(TextChoices):
    """State of one attempt of one visit of a step."""

    RUNNING = "running", _("Running")
    WAITING = "waiting", _("Waiting")
    REVIEW = "review", _("Needs a person")
    SUCCEEDED = "succeeded", _("Succeeded")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class EffectState(TextChoices):
    """What is known about one outside effect."""

    INTENDED = "intended", _("Intended, not sent")
    SENDING = "sending", _("Sent, no answer yet")
    SUCCEEDED = "succeeded", _("Happened")
    FAILED = "failed", _("Did not happen")
    UNKNOWN = "unknown", _("Sent, outcome unknown")
    REVIEW = "review", _("Outcome unknown, a person decides")


class VersionChangeKind(TextChoices):
    """How a version became the current one."""

    PUBLISHED = "published", _("Published")
    ROLLED_BACK = "rolled_back", _("Rolled back")


class SecretChangeKind(TextChoices):
    """What was done to a secret."""

    ADDED = "added", _("Added")
    REPLACED = "replaced", _("Replaced")
    DELETED = "deleted", _("Deleted")


class Account(TextChoices):
    """Who pays for a line of usage."""

    TENANT = "tenant", _("Workspace")
    WASTE = "waste", _("Booked to the platform")


TERMINAL_RUN_STATES = (RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED)
