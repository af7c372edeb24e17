"""Choices of the model gateway and the quality gate."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Purpose(TextChoices):
    """What a model call is for; routes and prices differ by it."""

    WORK = "work", _("Answering a task")
    JUDGE = "judge", _("Judging an answer")
    ASSIST = "assist", _("Helping a person in the portal")


class Spending(TextChoices):
    """What a call's money went to: its purpose, or a second try at it."""

    WORK = "work", _("Answering tasks")
    JUDGE = "judge", _("Judging answers")
    ASSIST = "assist", _("Helping in the portal")
    RETRY = "retry", _("Retries and repairs")


class Quality(TextChoices):
    """How good (and dear) a model the caller asks for."""

    STANDARD = "standard", _("Standard")
    PREMIUM = "premium", _("Premium")


class Scope(TextChoices):
    """Whom a budget binds, widest first. Platform caps live with the tenants app, the others in the tenant's schema."""

    PLATFORM = "platform", _("Whole platform")
    TENANT = "tenant", _("Workspace")
    WORKFLOW = "workflow", _("Workflow")
    USER = "user", _("Person")
    KEY = "key", _("API key")
    MODEL = "model", _("Model")


class Period(TextChoices):
    """Span after which a budget starts again at zero, in UTC."""

    DAY = "day", _("Per day")
    MONTH = "month", _("Per month")
    TOTAL = "total", _("Once")


class BudgetAction(TextChoices):
    """What happens when a budget runs low: every budget refuses at its cap, ``downgrade`` saves before that."""

    STOP = "stop", _("Refuse calls at the cap")
    DOWNGRADE = "downgrade", _("Use a cheaper model near the cap, refuse at the cap")


class ReservationState(TextChoices):
    """Life of money set aside for one call; only ``open`` ones count against a cap."""

    OPEN = "open", _("Set aside")
    SETTLED = "settled", _("Settled")
    RELEASED = "released", _("Given back")


class CallState(TextChoices):
    """How one request to a provider ended."""

    OK = "ok", _("Answered")
    FAILED = "failed", _("Failed")


class Decision(TextChoices):
    """What the quality gate says should happen to an answer."""

    PASS = "pass", _("Passed")
    REVISE = "revise", _("Needs revision")
    PERSON = "person", _("Needs a person")


class Doubt(TextChoices):
    """Why the quality gate asks a person instead of deciding, or sending the answer back."""

    NO_JUDGE = "no_judge", _("Nothing to compare with and no model that can judge")
    STEERED = "steered", _("A text tries to steer the review")
    DISAGREEMENT = "disagreement", _("The judge and the measures disagree")
    SUSPENDED = "judge_suspended", _("The judge is suspended")


class JudgeKind(TextChoices):
    """Who gave the scores of a verdict."""

    MODEL = "model", _("Model")
    MECHANICAL = "mechanical", _("Measures without a model")
    CHECKS = "checks", _("A blocking check")


class PromptChangeKind(TextChoices):
    """How a version of a prompt became the current one."""

    PUBLISHED = "published", _("Published")
    ROLLED_BACK = "rolled_back", _("Rolled back")


class TestRunState(TextChoices):
    """Where a run of a prompt's tests is."""

    __test__ = False

    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    CANCELLED = "cancelled", _("Cancelled")


class TestState(TextChoices):
    """What became of one test case."""

    __test__ = False

    WAITING = "waiting", _("Waiting")
    ASKED = "asked", _("Being asked")
    PASSED = "passed", _("Passed")
    FAILED = "failed", _("Failed")
    ERROR = "error", _("No answer")
    SKIPPED = "skipped", _("Not tried")
