"""Choices of what-if."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class WhatIfState(TextChoices):
    """Life of a comparison. Ended ones never move."""

    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    CANCELLED = "cancelled", _("Cancelled")


class Verdict(TextChoices):
    """How a run would have gone, set against how it went."""

    BETTER = "better", _("Better")
    SAME = "same", _("The same")
    CHANGED = "changed", _("Changed")
    WORSE = "worse", _("Worse")
    FAILED = "failed", _("Would fail")
    OPEN = "open", _("Cannot be told")


class Answered(TextChoices):
    """Where the answer of a step came from that would have reached outside."""

    RECORD = "record", _("Answered from the record")
    NOT_SENT = "not_sent", _("Not sent")
    WOULD_ASK = "would_ask", _("Would ask the model")
    ASKED = "asked", _("Asked the model")
    CAP = "cap", _("Would ask the model; the limit is used up")


class ProposalState(TextChoices):
    """Life of a proposed change. The last four are final."""

    PROVING = "proving", _("Being proven")
    PROVEN = "proven", _("Proven")
    HINT = "hint", _("Something to do by hand")
    REFUTED = "refuted", _("Did not help")
    ACCEPTED = "accepted", _("Accepted")
    DISMISSED = "dismissed", _("Dismissed")
    UNDONE = "undone", _("Taken back")


class Author(TextChoices):
    """Who made a proposal."""

    CATALOGUE = "catalogue", _("The catalogue of remedies")
    MODEL = "model", _("A model, checked by the validator")
