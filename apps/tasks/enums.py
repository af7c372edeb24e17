"""Choices of the task queue."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class TaskState(TextChoices):
    """Life of a task. ``lifecycle.LEGAL_MOVES`` says which change may follow which."""

    NEW = "new", _("New")
    RUNNING = "running", _("In work")
    REVIEW = "review", _("Waiting for a person")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class TaskSource(TextChoices):
    """Where a request came from and where its answer goes back to."""

    PORTAL = "portal", _("Portal")
    API = "api", _("API")
    NOTION = "notion", _("Notion")
    SCHEDULE = "schedule", _("Schedule")
    WORKFLOW = "workflow", _("Workflow")
    EMAIL = "email", _("E-mail")
    WEBHOOK = "webhook", _("Webhook")
    DEMO = "demo", _("Demo")


class Priority(TextChoices):
    """How soon a person wants the answer; ``lifecycle.QUEUE_PRIORITY`` turns it into dispatch's number."""

    URGENT = "urgent", _("Urgent")
    HIGH = "high", _("High")
    NORMAL = "normal", _("Normal")
    LOW = "low", _("Low")


class Decision(TextChoices):
    """What a person says about an answer that waits for them."""

    APPROVE = "approve", _("Approve")
    REVISE = "revise", _("Ask for another version")
    REJECT = "reject", _("Reject")


class ReviewState(TextChoices):
    """Life of a review item; only the first decision counts."""

    OPEN = "open", _("Open")
    DECIDED = "decided", _("Decided")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class ReviewReason(TextChoices):
    """Why the platform did not decide by itself."""

    BELOW_TARGET = "below_target", _("The score stayed below the target after the allowed revisions.")
    CHECK_FAILED = "check_failed", _("The answer still breaks a required check after the allowed revisions.")
    NO_JUDGE = "no_judge", _("There is nothing to compare the answer with and no model that can judge it.")
    STEERED = "steered", _("A text in the task or the answer tries to steer the review.")
    DISAGREEMENT = "disagreement", _("The reviewer and the mechanical measures disagree.")
    BORDERLINE = "borderline", _("The votes of the reviewer are too far apart to decide.")
    JUDGE_FAILED = "judge_failed", _("The answer could not be scored.")
    JUDGE_SUSPENDED = (
        "judge_suspended",
        _("The reviewer of this kind of task is suspended: people disagreed with it too often."),
    )
    ANSWER_UNUSABLE = "answer_unusable", _("The model gave no usable answer.")
    NEEDS_PERSON = "needs_person", _("This kind of attachment needs a person: no connected model can read it.")


class EventKind(TextChoices):
    """Entries of a task's own timeline; the steps in between come from its run."""

    SUBMITTED = "submitted", _("Submitted")
    REFUSED = "refused", _("Refused")
    STARTED = "started", _("Started")
    SCORED = "scored", _("Scored")
    REVIEW_ASKED = "review_asked", _("Sent to a person")
    DECIDED = "decided", _("Decided by a person")
    DELIVERED = "delivered", _("Delivered")
    FAILED = "failed", _("Failed")
    RETRIED = "retried", _("Started again")
    CANCELLED = "cancelled", _("Cancelled")
    STUCK = "stuck", _("Found stuck")
    NOTED = "noted", _("Note")


class MediaKind(TextChoices):
    """What an attachment is, by its first bytes and never by its name."""

    TEXT = "text", _("Text")
    AUDIO = "audio", _("Audio")
    VIDEO = "video", _("Video")
    IMAGE = "image", _("Image")
    DOCUMENT = "document", _("Document")
