"""Workflows that keep failing get a proposal, proven on their own runs, accepted by whoever may."""

from typing import Any
from uuid import UUID

import pytest

from apps.core.errors import InvalidInput
from apps.workflows import facade
from apps.workflows.errors import VersionMoved
from apps.workflows.models import HealingPolicy, Proposal, Workflow
from apps.workflows.whatif import drafting, proposals, remedies, services
from apps.workflows.whatif.enums import Author
from apps.workflows.whatif.errors import NotForYou, ProposalMoved
from tests.servers import effects
from tests.workflows import driving

pytestmark = pytest.mark.usefixtures("committed", "provider")
EDITOR = frozenset({"workflows.manage"})
NOBODY = lambda _type: False  # noqa: E731
MISSING = {"a": {"type": "set", "with": {"x": {"$ref": "inputs.title"}}, "next": "b"}, "b": {"type": "set", "with": {}}}


def fail(steps: dict[str, Any], times: int, inputs: dict[str, Any] | None = None) -> None:
    with driving.inside():
        slug = driving.workflow(steps)
        for _number in range(times):
            facade.start_run(workflow=slug, inputs=inputs or {})
    driving.drain()


def look_after() -> list[UUID]:
    """Propose, let the proof run, and settle it."""
    with driving.inside():
        found = proposals.look_after_workflows()
    driving.drain()
    with driving.inside():
        for proposal in Proposal.objects.filter(what_if__isnull=False):
            services.judge_what_if(proposal.what_if_id)
        proposals.settle_proofs()
    return found


def the_proposal() -> Proposal:
    return Proposal.objects.select_related("workflow", "base").get()


def test_a_renamed_value_is_followed_and_the_failed_runs_prove_it() -> None:
    fail(MISSING, 3, {"titel": "x"})
    look_after()
    with driving.inside():
        proposal = the_proposal()
        assert (proposal.remedy, proposal.state, proposal.risk_class) == ("renamed", "proven", "B")
        assert proposal.params == {"before": "inputs.title", "after": "inputs.titel"}
        assert proposal.proof["failed"] == {"better": 3} and proposal.proof["worse"] == 0
        with pytest.raises(InvalidInput):
            proposals.accept_proposal(proposal_id=proposal.pk, actor=1, held=EDITOR)
        number = proposals.accept_proposal(proposal_id=proposal.pk, actor=1, held=EDITOR, note="The form was renamed")
        assert number == 2 and Workflow.objects.get(slug="w").current.number == 2
        with pytest.raises(ProposalMoved):
            proposals.accept_proposal(proposal_id=proposal.pk, actor=1, held=EDITOR, note="again")
        proposals.undo_proposal(proposal_id=proposal.pk, actor=1)
        assert Workflow.objects.get(slug="w").current.number == 1


def test_two_failures_are_not_yet_a_pattern_unless_somebody_asks() -> None:
    fail(MISSING, 2)
    assert look_after() == []
    with driving.inside():
        assert proposals.propose(workflow="w", asked=True) is not None
        assert proposals.propose(workflow="w", asked=True) is None
        assert Proposal.objects.count() == 1


def test_patience_is_class_a_and_accepted_by_itself_only_where_switched_on(provider: effects.Ledger) -> None:
    provider.script = ["429"] * 3
    fail({"a": {"type": "test.keyed", "with": {"reference": "r"}, "retry": {"max_attempts": 1}}}, 3)
    requests = provider.requests
    look_after()
    with driving.inside():
        proposal = the_proposal()
        assert (proposal.remedy, proposal.risk_class, proposal.state) == ("more_patience", "A", "proven")
        assert proposal.proof["untold"] == 3 and provider.requests == requests
        with pytest.raises(NotForYou):
            proposals.accept_proposal(proposal_id=proposal.pk, actor=None, held=frozenset())
        Proposal.objects.filter(pk=proposal.pk).update(state="proving")
        proposals.set_healing_policy(accepts_class_a=True, actor=1)
        proposals.settle_proofs()
        assert the_proposal().state == "accepted" and HealingPolicy.objects.count() == 1
        assert Workflow.objects.get(slug="w").current.definition["steps"]["a"]["retry"]["max_attempts"] == 5


def test_a_change_that_would_harm_runs_that_succeeded_is_refuted() -> None:
    steps = {"a": {"type": "fail", "with": {"code": "odd"}}}
    fail(steps, 3)
    with driving.inside():
        proposal_id = proposals.propose(workflow="w")
        assert proposal_id is not None
        proposal = the_proposal()
        assert proposal.remedy == "ask_person" and proposal.risk_class == "B"
        services.cancel_what_if(what_if_id=proposal.what_if_id)
        proposals.settle_proofs()
        assert the_proposal().state == "refuted"
        with pytest.raises(ProposalMoved):
            proposals.accept_proposal(proposal_id=proposal_id, actor=1, held=EDITOR, note="no")


def test_broken_access_gets_a_hint_and_no_change() -> None:
    fail({"a": {"type": "fail", "with": {"code": "credentials_refused"}}}, 3)
    look_after()
    with driving.inside():
        proposal = the_proposal()
        assert (proposal.remedy, proposal.state, proposal.definition) == ("reconnect", "hint", None)


def test_a_workflow_changed_meanwhile_refuses_the_old_proposal() -> None:
    fail(MISSING, 3)
    look_after()
    with driving.inside():
        proposal = the_proposal()
        driving.workflow({"a": {"type": "set", "with": {}}})
        with pytest.raises(VersionMoved):
            proposals.accept_proposal(proposal_id=proposal.pk, actor=1, held=EDITOR, note="late")
        assert the_proposal().state == "proven"


@pytest.mark.parametrize(
    ("change", "outside", "expected"),
    [
        ({"a": {"type": "x", "timeout_s": 9}}, True, "A"),
        ({"a": {"type": "x", "retry": {"max_attempts": 9}}}, True, "A"),
        ({"a": {"type": "x", "with": {"to": "b"}}}, False, "B"),
        ({"a": {"type": "x", "with": {"to": "b"}}}, True, "C"),
        ({"a": {"type": "x", "approval": {}}}, False, "C"),
        ({"a": {"type": "y"}}, False, "C"),
        ({"a": {"type": "x", "on_error": "b"}, "b": {"type": "z"}}, True, "C"),
        ({"a": {"type": "x", "on_error": "b"}, "b": {"type": "z"}}, False, "B"),
        ({}, False, "C"),
    ],
)
def test_the_class_of_a_change_is_never_too_low(change: dict[str, Any], outside: bool, expected: str) -> None:
    before = {"start": "a", "steps": {"a": {"type": "x"}}}
    after = {"start": "a", "steps": change}
    assert remedies.class_of_change(before, after, is_outside=lambda _type: outside) == expected


@pytest.mark.parametrize("later", ["approval", "email.send"])
def test_what_leads_to_a_question_or_outside_is_class_c(later: str) -> None:
    before = {
        "start": "a",
        "steps": {"a": {"type": "set", "next": "b"}, "b": {"type": "set", "next": "c"}, "c": {"type": later}},
    }
    for name, value in (("with", {"to": "thief"}), ("next", "c"), ("max_visits", 3), ("when", {})):
        after = {**before, "steps": {**before["steps"], "a": {**before["steps"]["a"], name: value}}}
        assert remedies.class_of_change(before, after, is_outside="email.send".__eq__) == "C"
    patient = {**before, "steps": {**before["steps"], "a": {**before["steps"]["a"], "timeout_s": 9}}}
    assert remedies.class_of_change(before, patient, is_outside="email.send".__eq__) == "A"


def test_nothing_a_model_drew_is_accepted_by_itself() -> None:
    before = {"start": "a", "steps": {"a": {"type": "set"}}}
    hasty = {"start": "a", "steps": {"a": {"type": "set", "timeout_s": 0.5, "retry": {"max_attempts": 1}}}}
    assert proposals.class_for(before, hasty, author=Author.CATALOGUE) == "A"
    assert proposals.class_for(before, hasty, author=Author.MODEL) == "B"


@pytest.mark.parametrize(
    ("field", "value"),
    [("next", '"mail"'), ("on_error", '"mail"'), ("type", '"log"'), ("approval.quorum", "1"), ("title", '"x"'), ("then", '"mail"'),
     ("with.key", '{"$secret": "shop_key"}'), ("with.n", "NaN"), ("with.n", "[" * 2_000), ("with.n", "[" * 300 + "]" * 300), ("with.n", '"' + "x" * 20_000 + '"')],
)  # fmt: skip
def test_a_models_edit_stays_inside_what_it_may_set(field: str, value: str) -> None:
    base = {"start": "a", "steps": {"a": {"type": "set", "with": {"n": 1}}}}
    candidate, why = drafting.carry_out(base, [{"step": "a", "field": field, "value": value}])
    if value == "[" * 2_000:
        assert candidate is not None and candidate["steps"]["a"]["with"]["n"] == value
    else:
        assert candidate is None and why


def test_what_no_database_keeps_is_taken_out_of_an_edit() -> None:
    base = {"start": "a", "steps": {"a": {"type": "set", "with": {"n": 1}}}}
    candidate, _why = drafting.carry_out(base, [{"step": "a", "field": "with.n", "value": '"a\\u0000\\ud83d"'}])
    assert candidate is not None and candidate["steps"]["a"]["with"]["n"] == "a\ufffd\ufffd"


@pytest.mark.parametrize("part", ["settings", "triggers", "inputs", "output", "start"])
def test_what_guards_or_starts_a_workflow_is_class_c(part: str) -> None:
    before = {"start": "a", "steps": {"a": {"type": "x"}}}
    assert remedies.class_of_change(before, {**before, part: "other"}, is_outside=NOBODY) == "C"


@pytest.mark.parametrize(
    ("code", "message", "body", "remedy"),
    [
        ("timeout", "", {"timeout_s": 10}, "more_time"),
        ("http_503", "", {}, "more_patience"),
        ("reference_missing", "Nothing is found at 'inputs.x'.", {"with": {"a": {"$ref": "inputs.x"}}}, "default"),
        (
            "reference_missing",
            "Nothing is found at 'inputs.nam'.",
            {"with": {"a": {"$text": "{{inputs.nam}}"}}},
            "renamed",
        ),
        ("visit_limit", "", {"max_visits": 5}, "more_rounds"),
        ("unusable_answer", "", {"type": "ai.generate"}, "steady"),
        ("anything", "", {}, "ask_person"),
    ],
)
def test_each_error_meets_its_remedy(code: str, message: str, body: dict[str, Any], remedy: str) -> None:
    definition = {"start": "a", "steps": {"a": {"type": "set", "with": {}, **body}}}
    fault = remedies.Fault(step_id="a", code=code, message=message, known=("inputs.name",))
    cure = next(remedies.cures(definition, fault))
    assert cure.remedy == remedy and cure.definition != definition
