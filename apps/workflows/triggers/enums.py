"""Choices of triggers."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class TriggerKind(TextChoices):
    """What a workflow can be started by."""

    MANUAL = "manual", _("By hand")
    SCHEDULE = "schedule", _("Schedule")
    WEBHOOK = "webhook", _("Webhook")
    EMAIL = "email", _("E-mail")
    EVENT = "event", _("Event")
    TASK = "task", _("Task type")
    CONNECTOR = "connector", _("Change in a connected service")


class FiringState(TextChoices):
    """What became of one occasion. ``received`` and ``queued`` move on, all others are final."""

    RECEIVED = "received", _("Received")
    QUEUED = "queued", _("Waiting for the run before it")
    STARTED = "started", _("Started")
    SKIPPED = "skipped", _("Left out")
    MISSED = "missed", _("Missed")
    REFUSED = "refused", _("Refused")


class Overlap(TextChoices):
    """What a schedule does while its previous run is still going on."""

    ALLOW = "allow", _("Start anyway")
    SKIP = "skip", _("Leave this one out")
    QUEUE = "queue", _("Start one afterwards")


class Verification(TextChoices):
    """How the sender of a webhook proves who it is."""

    STANDARD = "standard", _("Standard Webhooks signature")
    HMAC = "hmac", _("HMAC-SHA256 signature in a header")
    BEARER = "bearer", _("Secret token in the Authorization header")
    NONE = "none", _("Only the secret address")
