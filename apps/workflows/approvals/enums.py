"""Choices of approvals."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class ApprovalState(TextChoices):
    """Life of a question. Only ``pending`` takes votes; ``approved`` may still become ``void`` until its act is sent."""

    PENDING = "pending", _("Waits for a decision")
    APPROVED = "approved", _("Approved")
    DENIED = "denied", _("Refused")
    EXPIRED = "expired", _("Nobody decided in time")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    VOID = "void", _("Replaced")


class ApprovalKind(TextChoices):
    """What is asked: whether an act may happen, or a question a workflow puts to people."""

    EFFECT = "effect", _("Act")
    QUESTION = "question", _("Question")


class Choice(TextChoices):
    """What a person said."""

    APPROVE = "approve", _("Approve")
    DENY = "deny", _("Refuse")


class Channel(TextChoices):
    """Where it was said."""

    PORTAL = "portal", _("Portal")
    MAIL = "mail", _("E-mail")
    API = "api", _("API")
    CHAT = "chat", _("Chat")
