"""Errors of the model gateway. Each says what the reader can do; ``calls`` on a failed call keeps what was tried and paid."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.core.errors import Conflict, InvalidInput, LimitReached, Misconfigured, Unavailable


class BudgetExceeded(LimitReached):
    """A cap around this call has no room for its highest possible cost. Nothing was reserved, nothing was sent."""

    code = "budget_exceeded"
    message = _(
        "The %(scope)s budget is used up: %(used)s of %(cap)s USD this %(period)s, and this call could cost %(needed)s. "
        "Raise the budget under Costs, or wait for the next period."
    )


class NoModelAvailable(Unavailable):
    """Every model that may answer this is failing, retired or excluded right now."""

    code = "no_model_available"
    message = _(
        "No model can answer right now. The request is kept and tried again; Costs > Models shows which one is failing."
    )


class UnknownModel(InvalidInput):
    """The request names a model that is not in the catalogue and not configured."""

    code = "unknown_model"
    message = _("There is no model called %(model)s here. Choose one of: %(known)s.")


class InputTooLong(InvalidInput):
    """The text does not fit the model's context window together with the answer it is asked for."""

    code = "input_too_long"
    message = _(
        "The text is too long for the model: about %(needed)s tokens with the answer, and the largest window here is "
        "%(window)s. Shorten or split the text, or ask for a shorter answer."
    )


class InvalidRequest(InvalidInput):
    """The request itself is malformed: no messages, an impossible limit, a schema that is too big or not a schema."""

    code = "invalid_model_request"
    message = _("The request to the model is not valid. Correct the marked fields.")


class InvalidRubric(InvalidInput):
    """Criteria, weights or threshold of a rubric do not make sense."""

    code = "invalid_rubric"
    message = _("The review rubric is not valid: weights must add up to 100 and the threshold lie between 0 and 100.")


class UnknownPrompt(InvalidInput):
    """No prompt by that name, or a variable it needs is missing."""

    code = "unknown_prompt"
    message = _("There is no prompt called %(slug)s, or it needs variables that were not given.")


class PromptExists(Conflict):
    """Names of prompts are unique; archived ones keep theirs."""

    code = "prompt_exists"
    message = _("There is a prompt by this name already. Change that one, or choose another name.")


class PromptMoved(Conflict):
    """Somebody saved the draft meanwhile."""

    code = "prompt_moved"
    message = _("Somebody changed this prompt meanwhile. Look at their wording, then save or publish yours again.")


class PromptUnchanged(Conflict):
    """The draft says what the current version says."""

    code = "prompt_unchanged"
    message = _("The draft says the same as the current version. Change something, then publish it.")


class TooManyPrompts(LimitReached):
    """A workspace keeps at most 500."""

    code = "too_many_prompts"
    message = _("A workspace keeps at most 500 prompts.")


class TestsRunning(Conflict):
    """One run of a prompt's tests at a time."""

    __test__ = False
    code = "tests_running"
    message = _("The tests of this prompt are running already. Wait for them, or stop them.")


class NoTestCases(InvalidInput):
    """There is nothing to try."""

    code = "no_test_cases"
    message = _("This prompt has no test cases yet. Add one, then run the tests.")


class ModelCallFailed(Unavailable):
    """No candidate gave a usable answer. ``calls`` lists every request that was sent, for the record and the bill."""

    code = "model_call_failed"
    message = _("The model did not give a usable answer (%(reason)s). It will be tried again.")

    def __init__(self, message: Any = None, *, calls: Sequence[Mapping[str, Any]] = (), **kwargs: Any) -> None:
        self.calls = [dict(call) for call in calls]
        super().__init__(message, **kwargs)


class ModelRefused(ModelCallFailed):
    """The provider refuses this request for good (bad key, blocked content, unsupported request): trying again will not help."""

    code = "model_refused"
    status = 502
    retryable = False
    message = _(
        "The model provider refused the request (%(reason)s). Check the key and the model under Settings > Models."
    )


class UnusableAnswer(ModelCallFailed):
    """Models answered, and every answer was empty, cut off or not in the agreed form."""

    code = "unusable_answer"
    status = 502
    message = _("The model answered, but not usably (%(reason)s). Rephrase the task or choose a larger model.")


class GatewayMisconfigured(Misconfigured):
    """No provider is set up at all."""

    code = "ai_not_configured"
    message = _(
        "No model is set up. Set OPENAI_API_KEY, or LOCAL_MODEL_URL to the bundled model's server (`make run` does)."
    )
