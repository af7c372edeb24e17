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
_VALUES = Advice(
    means=_("A value is not of the kind that is needed here; the message names it."),
    do=_("Look at the step's data below, correct the workflow, publish it, and start a new run."),
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
    "connector_blocked": Advice(
        means=_("The service has blocked this connection; every further call makes it worse."),
        do=_("Ask the service's support, then test the connection and retry from here."),
        again=False,
    ),
    "connector_token_expired": Advice(
        means=_("The sign-in with the service ran out and is being renewed."),
        do=_("Nothing: it is tried again by itself. Connect again only if that fails."),
    ),
    "unknown_secret": Advice(
        means=_("A secret the step needs has been removed from the workspace."),
        do=_("Add it again under the same name, then retry from here."),
    ),
    "unknown_model": Advice(
        means=_("The step names a model this workspace does not have."),
        do=_("Choose another model, or leave the field empty, publish, and start a new run."),
        again=False,
    ),
    "ai_not_configured": Advice(
        means=_("No model provider is set up on this installation."),
        do=_("Ask its operator to connect one, then retry from here."),
    ),
    "invalid_model_request": _DEFINITION,
    "invalid_rubric": _DEFINITION,
    "unknown_prompt": Advice(
        means=_(
            "The step names a prompt or version the library does not have, or gives no value for one of its variables."
        ),
        do=_(
            "Publish the prompt under this name, then retry from here. Or choose another prompt or fill in the variables, "
            "publish the workflow, and start a new run."
        ),
    ),
    "bad_schema": _DEFINITION,
    "unknown_workflow": _DEFINITION,
    "expression_failed": _VALUES,
    "condition_types": _VALUES,
    "loop_items": _VALUES,
    "text_too_long": _VALUES,
    "expression_budget": Advice(
        means=_("An expression would have to look at more data than one expression may."),
        do=_("Pass a smaller list or text on, or split the work over several steps."),
        again=False,
    ),
    "loop_limit": Advice(
        means=_("The list has more items than the loop's limit. None of them was begun."),
        do=_("Raise the limit of the loop, or hand over a shorter list, and start a new run."),
        again=False,
    ),
    "loop_depth": Advice(
        means=_("Loops stand inside one another too deeply."),
        do=_("Move the inner loop into a workflow of its own."),
        again=False,
    ),
    "too_far_away": Advice(
        means=_("The moment to wait for is more than a year away."),
        do=_("Choose an earlier moment, or let a schedule start a new run then."),
        again=False,
    ),
    "bad_moment": _VALUES,
    "bad_time_zone": _VALUES,
    "stopped": Advice(
        means=_("The workflow ended this path itself, as its author wanted it to."),
        do=_("Read the message: it was written for this case."),
        again=False,
    ),
    "approval_denied": Advice(
        means=_("A person refused. Nothing was sent."),
        do=_("Read the reason with the decision. Change what they did not like and start a new run."),
        again=False,
    ),
    "approval_expired": Advice(
        means=_("Nobody decided in time, and that counts as no. Nothing was sent."),
        do=_("Retry from here to ask again; give it more time if this happens often."),
    ),
    "approval_withdrawn": Advice(
        means=_("The question was taken back before anybody decided. Nothing was sent."),
        do=_("Retry from here to ask again."),
    ),
    "not_approved": Advice(
        means=_("Nobody approved exactly this request, so it was not sent."),
        do=_("Retry from here: the request is shown to a person again."),
    ),
    "request_changed": Advice(
        means=_("The request was no longer the one on record, so it was not sent."),
        do=_("Retry from here; a new request is made and checked."),
    ),
    "child_failed": Advice(
        means=_("A run of the workflow that was called failed."),
        do=_("Open that run and look what happened there; retrying here retries what failed."),
    ),
    "mail_server_away": _OUTAGE,
    "mail_login_refused": Advice(
        means=_("The mail server of this installation does not let us in."),
        do=_("Ask its operator to correct the access to the mail server, then retry from here."),
    ),
    "mail_impossible": _VALUES,
    "mail_without_subject": _VALUES,
    "recipient_refused": Advice(
        means=_("The mail server does not accept an address."),
        do=_("Correct the address and start a new run."),
        again=False,
    ),
    "mail_cut_off": Advice(
        means=_("The connection broke while the mail was being sent; nobody can tell whether it arrived."),
        do=_("Ask the recipient or look at the mail server, then say here what happened."),
    ),
    "task_in_task": Advice(
        means=_("A workflow that answers tasks may not create tasks, or it might never end."),
        do=_("Take the step out, or start another workflow for it."),
        again=False,
    ),
    "cancelled": Advice(means=_("Somebody stopped this run."), do=_("Replay it if it was stopped by mistake.")),
}


def advice_for(code: str) -> Advice:
    """The advice for an error code; HTTP statuses by their class, everything else in general words."""
    if code.startswith("http_"):
        return _OUTAGE if code.startswith("http_5") or code in {"http_408", "http_429"} else _REFUSED
    return BY_CODE.get(code, UNKNOWN)
