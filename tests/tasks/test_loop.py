"""The whole loop without Notion: a request is answered, judged, revised, decided by a person, delivered."""

from typing import Any

import pytest
from django.utils import timezone, translation

from apps.accounts.models import User
from apps.ai import facade as ai
from apps.tasks import facade
from apps.tasks.errors import AlreadyDecided
from apps.tasks.services import reviewing, stuck
from apps.workflows import facade as workflows
from apps.workflows import insight
from apps.workflows.presentation import sentence_about
from apps.workflows.registries import step_types
from tests.tasks.driving import ANSWER, WORK, Office


def low_then_high(scores: list[int]) -> Any:
    """A judge that gives these scores to one answer after the other."""
    left = list(scores)
    return lambda _answer: left.pop(0) if len(left) > 1 else left[0]


def test_a_good_answer_is_delivered_with_score_cost_and_provenance(office: Office) -> None:
    task = office.done()
    assert (task.state, task.error) == ("done", "")
    assert task.result == ANSWER
    assert (task.score, task.revisions, task.votes) == (95, 0, 1)
    assert [entry["key"] for entry in task.criteria] == ["clarity", "accuracy", "completeness", "tone"]
    assert all(entry["reason"] for entry in task.criteria)
    assert task.tokens > 0
    assert (task.model, task.workflow, task.workflow_version) == (WORK, "answer", 1)
    assert task.prompt_version.startswith("task.drafting@")
    assert [event.kind for event in task.events] == ["submitted", "started", "scored", "delivered"]


def test_what_each_step_did_is_told_in_the_readers_language(office: Office) -> None:
    task = office.done()
    told = {}
    for language in ("en", "es"):
        with office.inside(), translation.override(language):
            told[language] = {step.type: step.summary for step in workflows.get_run(task.run_id).steps}
    assert told["en"]["ai.review"] == "Score 95 of 100: Passed"
    assert told["en"]["task.verdict"] == "95 of 100: passed"
    for kind in ("task.brief", "ai.review", "task.verdict", "task.deliver"):
        assert told["es"][kind] not in ("", told["en"][kind]), kind
    assert told["es"]["task.brief"] == "Versión 1"


@pytest.mark.parametrize("kind", ["task.brief", "ai.generate", "ai.review", "task.verdict", "task.deliver"])
def test_an_output_somebody_made_up_for_a_trial_is_not_told_as_if_it_had_happened(kind: str) -> None:
    assert step_types.get(kind).summary({"anything": "else"}) == ""


def test_the_cost_is_that_of_every_call_and_equals_the_ledgers(office: Office) -> None:
    task = office.done()
    with office.inside():
        run = workflows.get_run(task.run_id)
        spent = office.sql("SELECT sum(cost_micros) FROM ai_aicall")[0][0]
    assert task.cost_micros == run.cost_micros == spent > 0


def test_every_task_carries_the_code_revision(office: Office) -> None:
    from apps.core.revision import current_revision

    commit = current_revision().commit
    assert len(commit) == 40
    assert office.done().revision.startswith(commit)


def test_a_weak_answer_is_revised_with_the_reasons_and_then_delivered(office: Office) -> None:
    office.model.judge_score = low_then_high([40, 91])
    task = office.done()
    assert (task.state, task.score, task.revisions) == ("done", 91, 1)
    asked = [request for request in office.model.requests if request.get("model") == WORK]
    assert len(asked) == 2
    assert "Seen and weighed." in str(asked[1])
    assert ANSWER in str(asked[1])


def test_what_stays_weak_goes_to_a_person_after_the_allowed_revisions(office: Office) -> None:
    office.model.judge_score = 40
    task = office.done()
    assert (task.state, task.revisions, task.result) == ("review", 2, "")
    assert task.review is not None
    assert (task.review.reason, task.review.answer) == ("below_target", ANSWER)
    assert "Seen and weighed." in task.review.why
    with office.inside():
        run = workflows.get_run(task.run_id)
        assert (run.state, run.steps[-1].state, run.waiting_for) == ("review", "review", (reviewing.EVENT,))
        assert insight.count_live() == {"running": 0, "waiting": 0, "review": 1}
        assert [flow.state for flow in insight.list_day_flows()] == ["review"]
        assert "a person's decision" in sentence_about(run, timezone.now())
        assert stuck.cause_of(run.id)[0] == "waiting"


def test_the_tasks_own_target_counts(office: Office) -> None:
    assert office.done(qa_target=99).state == "review"
    assert office.done(qa_target=70).state == "done"


def test_a_person_approves_what_waits(office: Office, owner: User) -> None:
    office.model.judge_score = 40
    task = office.decide(office.done().id, "approve", by=owner)
    assert (task.state, task.result, task.score) == ("done", ANSWER, 40)
    assert task.review is not None
    assert (task.review.decision, task.review.decided_by) == ("approve", owner.pk)
    assert [event.kind for event in task.events][-3:] == ["review_asked", "decided", "delivered"]


def test_an_edited_answer_is_delivered_as_edited(office: Office, owner: User) -> None:
    office.model.judge_score = 40
    task = office.decide(office.done().id, "approve", by=owner, edited_text="My own words.")
    assert (task.state, task.result) == ("done", "My own words.")


def test_a_person_asks_for_another_version_with_their_words(office: Office, owner: User) -> None:
    office.model.judge_score = 40
    waiting = office.done()
    office.model.judge_score = 95
    task = office.decide(waiting.id, "revise", by=owner, reason="Mention the lunch break.")
    assert (task.state, task.score) == ("done", 95)
    assert "Mention the lunch break." in str(office.model.requests[-2])


def test_a_rejected_answer_ends_the_task_with_the_reason(office: Office, owner: User) -> None:
    office.model.judge_score = 40
    task = office.decide(office.done().id, "reject", by=owner, reason="Not our client.")
    assert (task.state, task.error_code, task.result) == ("failed", "rejected", "")
    assert "Not our client." in task.error


def test_the_first_decision_counts(office: Office, owner: User, editor: User) -> None:
    office.model.judge_score = 40
    task = office.done()
    with office.inside():
        facade.decide_review(task_id=task.id, decision="reject", edited_text=None, reason="No.", user_id=owner.pk)
        with pytest.raises(AlreadyDecided):
            facade.decide_review(task_id=task.id, decision="approve", edited_text="x", reason="", user_id=editor.pk)
    office.work()
    after = office.view(task.id)
    assert (after.state, after.review.decision if after.review else "", after.result) == ("failed", "reject", "")


def test_a_persons_word_becomes_a_label_for_the_judge(office: Office, owner: User) -> None:
    office.model.judge_score = 40
    office.decide(office.done().id, "approve", by=owner)
    with office.inside():
        agreement = ai.judge_agreement()
    assert (agreement.labels, agreement.agreed) == (1, 0)


def test_a_rubric_changed_meanwhile_does_not_touch_work_under_way(office: Office) -> None:
    task = office.send()
    office.sql("UPDATE tasks_tasktype SET threshold = 100")
    office.work()
    assert office.view(task.id).state == "done"
