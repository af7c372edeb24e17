"""Choices of outgoing webhooks."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class EndpointState(TextChoices):
    """``failing`` rests by itself after days without success, ``gone`` was told so by the other side (410)."""

    ACTIVE = "active", _("Active")
    PAUSED = "paused", _("Paused")
    FAILING = "failing", _("Paused: it kept failing")
    GONE = "gone", _("Switched off by the receiver")


class DeliveryState(TextChoices):
    """Life of one event on its way to one endpoint."""

    PENDING = "pending", _("To be sent")
    DELIVERED = "delivered", _("Delivered")
    FAILED = "failed", _("Given up")
