"""What an error code means to a person and what they can do: happened, means, do."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, kw_only=True)
class Advice:
    """``means`` and ``do`` are whole sentences; ``again`` says whether trying again can help as things stand."""

    means: str | Promise
    do: str | Promise
    again: bool = True


_OUTAGE = Advice(
    means=_("The service on the other side did not answer, or answered with an error of its own."),
    do=_("Wait a moment and retry from here. What was finished before stays finished."),
)
_BUDGET = Advice(
    means=_("Going on would cost more than a budget of this workspace allows. Nothing was spent on this step."),
    do=_("Raise the budget, or wait until it starts again, then retry from here."),
)
_REFUSED = Advice(
    means=_("The service understood the request and refused it; the same request would be refused again."),
    do=_("Look at what was sent below and correct the data or the workflow, then retry from here."),
    again=False,
)
_CREDENTIALS = Advice(
    means=_("The service no longer accepts the stored access."),
    do=_("Open the connection, connect it again, then retry from here."),
)
_DEFINITION = Advice(
    means=_("The workflow asks for something that is not there at this point."),
    do=_("Correct the workflow, publish it, and start a new run; this run keeps its version."),
    again=False,
)
_CRASHED = Advice(
    means=_("The step's own code broke. This is a mistake in the product, not in your data."),
    do=_("Retry once. If it happens again, send us the run's number; the details are on record."),
)
_MODEL = Advice(
    means=_("The model gave nothing that could be used, or declined the request."),
    do=_("Word the request more clearly, or retry: another attempt may ask another model."),
)
UNKNOWN = Advice(
    means=_("The step could not be finished."),
    do=_("Read the message above and the data below, then retry from here."),
)
BY_CODE: dict[str, Advice] = {
    "budget_exceeded": _BUDGET,
    "plan_limit_reached": Advice(
        means=_("This month's limit of the plan is used up."),
        do=_("Choose a larger plan, or wait for the next month, then retry from here."),
    ),
    "no_model_available": _OUTAGE,
    "model_call_failed": _OUTAGE,
    "remote_unavailable": _OUTAGE,
    "connection_failed": _OUTAGE,
    "connection_broken": _OUTAGE,
    "timeout": _OUTAGE,
    "unavailable": _OUTAGE,
    "breaker_open": Advice(
        means=_("Calls to this service are paused because several in a row failed."),
        do=_("They begin again by themselves. Retry in a few minutes."),
    ),
    "connector_rate_limited": Advice(
        means=_("The service allows only so many calls in a while."), do=_("Retry in a few minutes.")
    ),
    "connector_paused": Advice(
        means=_("The connection is paused."), do=_("Switch it on again under Connections, then retry from here.")
    ),
    "credentials_refused": _CREDENTIALS,
    "connection_on_hold": _CREDENTIALS,
    "connection_unknown": _CREDENTIALS,
    "connector_access_missing": Advice(
        means=_("The connection works, but may not see or change this."),
        do=_("Share the page or database with the connection, then retry from here."),
    ),
    "remote_not_found": _REFUSED,
    "remote_refused": _REFUSED,
    "remote_conflict": _REFUSED,
    "remote_payload_invalid": _REFUSED,
    "model_refused": _MODEL,
    "unusable_answer": _MODEL,
    "input_too_long": Advice(
        means=_("The text is longer than any connected model can read."),
        do=_("Shorten it or send it in parts."),
        again=False,
    ),
    "remote_outcome_unknown": Advice(
        means=_("The request was sent, but nobody can tell whether it was carried out."),
        do=_("Look in the other service, then say here what happened. Nothing is sent twice without you."),
    ),
    "wait_timeout": Advice(
        means=_("Nobody answered in the time the workflow allows."),
        do=_("Retry from here to ask again."),
    ),
    "rejected": Advice(
        means=_("A person rejected the answer."),
        do=_("Ask again with what was missing, or retry from an earlier step."),
    ),
    "interrupted": Advice(
        means=_("The worker was lost during the call."),
        do=_("Nothing: it is taken up again by itself. Retry only if the run has failed."),
    ),
    "step_crashed": _CRASHED,
    "engine_error": _CRASHED,
    "not_json": _CRASHED,
    "too_large": Advice(
        means=_("The step produced more than a run can carry."),
        do=_("Make the step return less, then start a new run."),
    ),
    "reference_missing": _DEFINITION,
    "bad_config": _DEFINITION,
    "visit_limit": Advice(
        means=_("The workflow went round in circles and was stopped."),
        do=_("Give the loop a way out, or raise its limit, and start a new run."),
        again=False,
    ),
    "unknown_step_type": Advice(
        means=_("The code at work does not know this kind of step."),
        do=_("It waits for a worker that does; after an update it goes on by itself."),
    ),
    "cancelled": Advice(means=_("Somebody stopped this run."), do=_("Replay it if it was stopped by mistake.")),
}


def advice_for(code: str) -> Advice:
    """The advice for an error code; HTTP statuses by their class, everything else in general words."""
    if code.startswith("http_"):
        return _OUTAGE if code.startswith("http_5") or code in {"http_408", "http_429"} else _REFUSED
    return BY_CODE.get(code, UNKNOWN)
