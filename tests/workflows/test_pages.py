"""Pages about runs and workflows through the front door: what is shown, what is refused, what happens on a click."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import Membership, User
from apps.dispatch.models import WorkItem
from apps.tasks import facade as tasks
from apps.tasks.contracts import TaskView
from apps.tenants.contracts import TenantRef
from apps.workflows import facade as workflows
from apps.workflows import selectors
from apps.workflows.conf import RUN_KIND
from apps.workflows.enums import RunState
from apps.workflows.errors import AlreadyDecided, RunHasEnded
from apps.workflows.models import Effect, HeldCancel, Run, StepRun
from apps.workflows.services import cancelling
from apps.workflows.services.reconcile import reconcile_runs
from tests import transactions

pytestmark = pytest.mark.django_db
Browse = Callable[..., Client]
UNKNOWN = UUID("01890000-0000-7000-8000-00000000dead")
PAGES = ("workflows:run_list", "workflows:workflow_list", "workflows:run_compare", "canvas:canvas")


def path(name: str, *args: object, **query: object) -> str:
    address = reverse(name, args=args, urlconf="echopilot.urls_tenant")
    return address + ("?" + "&".join(f"{key}={value}" for key, value in query.items()) if query else "")


def ended(run_id: Any, state: str = "succeeded", **more: Any) -> Run:
    """A run as the engine leaves it, with two steps on record."""
    values = {
        "state": state,
        "started_at": "2026-11-22T00:00:00Z",
        "finished_at": "2026-11-22T00:00:12Z",
        "cost_micros": 3100,
    }
    Run.objects.filter(pk=run_id).update(**{**values, **more})
    common = {
        "run_id": run_id,
        "attempt": 1,
        "started_at": "2026-11-22T00:00:00Z",
        "finished_at": "2026-11-22T00:00:05Z",
    }
    StepRun.objects.create(
        **common, path="brief", seq=1, step_id="brief", type="task.brief", state="succeeded", output={"prompt": "p"}
    )
    StepRun.objects.create(
        **common, path="draft", seq=2, step_id="draft", type="ai.generate", state="failed" if state == "failed" else "succeeded",
        output={"text": "Three boxes were damaged.", "api_key": "sk-verysecretverysecret"}, cost_micros=3100, model="gpt-x",
        error={"code": "remote_unavailable", "message": "The model did not answer."} if state == "failed" else None,
    )  # fmt: skip
    return Run.objects.get(pk=run_id)


@pytest.fixture
def task(tenant: TenantRef, user: User) -> TaskView:
    tasks.ensure_defaults()
    return tasks.submit_task(source="portal", title="Summarise the note", body="Three boxes.", requested_by=user.pk)


@pytest.fixture
def failed(task: TaskView) -> TaskView:
    ended(
        task.run_id,
        "failed",
        error={"code": "remote_unavailable", "message": "The model did not answer.", "path": "draft"},
    )
    return task


@pytest.mark.parametrize("name", PAGES)
def test_an_empty_workspace_says_what_will_be_here_and_offers_one_real_step(
    tenant: TenantRef, browse: Browse, user: User, name: str
) -> None:
    page = browse(user).get(path(name))
    assert page.status_code == 200
    if name in {"workflows:run_list", "canvas:canvas"}:
        assert b"example=1" in page.content


@pytest.mark.parametrize("name", PAGES)
def test_visitors_sign_in_and_outsiders_see_nothing(browse: Browse, outsider: User, task: TaskView, name: str) -> None:
    assert browse().get(path(name)).status_code == 302
    page = browse(outsider, host="globex.localhost").get(path(name))
    assert page.status_code == 200
    assert str(task.run_id).encode() not in page.content


def test_the_list_shows_runs_live_and_filters_them(browse: Browse, viewer: User, task: TaskView) -> None:
    client = browse(viewer)
    page = client.get(path("workflows:run_list")).content
    assert f"/runs/{task.run_id}/".encode() in page
    assert b'topics="runs"' in page and b'data-refresh="3000"' in page
    assert b"Nothing matches" in client.get(path("workflows:run_list", state="failed")).content
    assert b"Nothing matches" in client.get(path("workflows:run_list", workflow="other")).content
    assert f"/runs/{task.run_id}/".encode() in client.get(path("workflows:run_list", workflow="answer")).content


def test_runs_are_found_by_task_workflow_and_either_end_of_the_id(
    browse: Browse, viewer: User, user: User, task: TaskView, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tasks.submit_task(source="portal", title="Opening hours", body="Two lines.", requested_by=user.pk)
    client = browse(viewer)

    def found(words: str) -> set[bool]:
        page = client.get(path("workflows:run_list", q=words)).content.decode()
        return {one for one, run in ((True, task.run_id), (False, other.run_id)) if f"/runs/{run}/" in page}

    whole = str(task.run_id)
    for words, wanted in (
        ("summarise", {True}), (whole[-8:], {True}), (whole[-8:].upper(), {True}), (whole, {True}), ("opening", {False}),
        ("answer a", {True, False}), ("nothing like it", set()), ("%", set()), ("zzzz", set()),
    ):  # fmt: skip
        assert found(words) == wanted, words
    monkeypatch.setattr(selectors, "SEARCHED_AT_ONCE", 1)
    page = client.get(path("workflows:run_list", q="summarise")).content.decode()
    assert f"/runs/{task.run_id}/" not in page and "Search older runs" in page
    assert f"before={other.run_id}" in page
    older = client.get(path("workflows:run_list", q="summarise", before=other.run_id)).content.decode()
    assert f"/runs/{task.run_id}/" in older


@pytest.mark.parametrize(
    "query", ["q=%00", "q=%25%5C", "state=%00", "workflow=%00", "before=x", "state=nonsense", "workflow=" + "x" * 3000]
)
def test_hostile_filters_never_break_the_list(browse: Browse, user: User, task: TaskView, query: str) -> None:
    assert browse(user).get(f"{path('workflows:run_list')}?{query}").status_code in {200, 400}


def test_a_finished_run_begins_with_its_sentence(browse: Browse, user: User, task: TaskView) -> None:
    ended(task.run_id)
    page = browse(user).get(path("workflows:run_detail", task.run_id)).content.decode()
    assert "Done in 12.0 s for <bdi>$0.003100</bdi>." in page
    assert "data-refresh" not in page.split('id="step"')[0].split("run-page")[1]
    assert "Three boxes were damaged." in page
    assert "sk-verysecret" not in page


def test_a_failed_run_says_where_why_and_what_to_do(browse: Browse, user: User, failed: TaskView) -> None:
    page = browse(user).get(path("workflows:run_detail", failed.run_id)).content.decode()
    assert "Failed after 12.0 s at “Write the answer”: The model did not answer." in page
    assert "Wait a moment and retry from here." in page
    assert "Retry where it stopped" in page and "Retry from here" in page


def test_a_step_shows_what_it_was_told_what_was_sent_and_what_it_used(
    browse: Browse, user: User, failed: TaskView
) -> None:
    Effect.objects.create(
        run_id=failed.run_id, path="draft", type="ai.generate", effect_class="metered", key="k" * 64, request_hash="0" * 64, work_id=1, fence=1,
        request='{"messages": ["Summarise please"], "authorization": "Bearer abcdefghijk"}', state="failed",
    )  # fmt: skip
    page = browse(user).get(path("workflows:run_detail", failed.run_id, step="draft", attempt=1)).content.decode()
    assert "Summarise please" in page
    assert "abcdefghijk" not in page
    assert "steps.brief.output.prompt" in page
    unknown = browse(user).get(path("workflows:run_detail", failed.run_id, step="nonsense"))
    assert unknown.status_code == 200
    assert b"Choose a step" in unknown.content


def test_fragments_are_parts_of_the_page(browse: Browse, user: User, task: TaskView) -> None:
    client = browse(user)
    for address in (path("workflows:run_list"), path("workflows:run_detail", task.run_id), path("canvas:canvas"),
                    path("workflows:run_detail", task.run_id, pane=1, step="x"), path("workflows:workflow_list")):  # fmt: skip
        part = client.get(address, headers={"X-Fragment": "1"})
        assert part.status_code == 200
        assert b"<html" not in part.content


def test_retry_starts_run_and_task_again_together(browse: Browse, member: User, failed: TaskView) -> None:
    from apps.tasks.models import Task

    Task.objects.filter(pk=failed.id).update(
        state="failed",
        error_code="remote_unavailable",
        error="The model did not answer.",
        finished_at="2026-11-22T00:00:12Z",
    )
    answer = browse(member).post(path("workflows:run_retry", failed.run_id), {"from_step": "draft"})
    assert answer.status_code == 302
    assert tasks.get_task(failed.id).state == "running"
    assert workflows.get_run(failed.run_id).state == RunState.RUNNING


def test_a_replay_says_what_it_will_do_before_it_does_it(browse: Browse, member: User, task: TaskView) -> None:
    ended(task.run_id)
    client = browse(member)
    plan = client.get(path("workflows:run_replay", task.run_id)).content.decode()
    assert "2 steps would be executed" in plan
    assert "<bdi>$0.003100</bdi>" in plan
    again = client.get(path("workflows:run_replay", task.run_id, from_step="draft", again=1)).content.decode()
    assert "1 step would be executed" in again and "1 earlier step is kept as it was." in again
    assert Run.objects.count() == 1
    done = client.post(path("workflows:run_replay", task.run_id), {"from_step": "draft"})
    assert done.status_code == 302
    new = Run.objects.exclude(pk=task.run_id).get()
    assert new.replay_of == task.run_id
    assert new.started_by == member.pk, "who replays a run is who may not approve what it asks"
    assert str(new.pk) in done["Location"]


def test_effects_on_record_are_not_announced_as_happening_again(browse: Browse, member: User, task: TaskView) -> None:
    ended(task.run_id)
    Effect.objects.create(
        run_id=task.run_id, path="draft", type="ai.generate", effect_class="metered", key="k" * 64, request_hash="0" * 64, work_id=1, fence=1,
        request="{}", state="succeeded", response={}, finished_at="2026-11-22T00:00:05Z",
    )  # fmt: skip
    plan = browse(member).get(path("workflows:run_replay", task.run_id)).content.decode()
    assert "from the record" in plan and "Nothing is sent or paid twice." in plan


@pytest.mark.parametrize("step", ["nonsense", "person"])
def test_a_replay_from_a_step_that_never_ran_is_refused_with_words(
    browse: Browse, member: User, task: TaskView, step: str
) -> None:
    ended(task.run_id)
    page = browse(member).post(path("workflows:run_replay", task.run_id), {"from_step": step})
    assert page.status_code == 409
    assert b"Choose" in page.content
    assert Run.objects.count() == 1


def test_a_live_run_is_not_replayed_but_cancelled_by_name(browse: Browse, member: User, task: TaskView) -> None:
    client = browse(member)
    assert client.get(path("workflows:run_replay", task.run_id)).status_code == 409
    page = client.get(path("workflows:run_detail", task.run_id)).content.decode()
    assert f"Cancel run {str(task.run_id)[-8:]} of Answer a task" in page
    assert client.get(path("workflows:run_cancel", task.run_id)).status_code == 405
    client.post(path("workflows:run_cancel", task.run_id))
    assert workflows.get_run(task.run_id).state == RunState.RUNNING
    seconds_pass(task.run_id)
    assert workflows.get_run(task.run_id).state == RunState.CANCELLED
    assert tasks.get_task(task.id).state == "cancelled"


def seconds_pass(run_id: UUID) -> None:
    """The time for taking a cancel back is over."""
    HeldCancel.objects.filter(run_id=run_id).update(effective_at=timezone.now() - timedelta(seconds=60))
    cancelling.HELD.apply_overdue()


def queued(run_id: UUID) -> int:
    return WorkItem.objects.filter(kind=RUN_KIND, ref=str(run_id), state="ready").count()


@pytest.mark.parametrize("kind", ["run", "task"])
def test_a_cancel_stands_still_at_once_and_can_be_taken_back(
    browse: Browse, user: User, member: User, task: TaskView, kind: str
) -> None:
    client = browse(member)
    name, subject = ("workflows:run_cancel", task.run_id) if kind == "run" else ("tasks:task_cancel", task.id)
    assert queued(task.run_id) == 1
    page = client.post(path(name, subject), follow=True).content.decode()
    assert queued(task.run_id) == 0
    assert path(f"{name}_undo", subject) in page and "ends in a moment" in page
    seen = browse(user).get(path("workflows:run_detail", task.run_id)).content.decode()
    assert "ends in a moment" in seen and path(f"{name}_undo", subject) not in seen
    assert "too late" in browse(user).post(path(f"{name}_undo", subject), follow=True).content.decode()
    assert reconcile_runs() == 0 and queued(task.run_id) == 0
    assert "Taken back" in client.post(path(f"{name}_undo", subject), follow=True).content.decode()
    assert queued(task.run_id) == 1
    seconds_pass(task.run_id)
    assert workflows.get_run(task.run_id).state == RunState.RUNNING
    assert "too late" in client.post(path(f"{name}_undo", subject), follow=True).content.decode()


def test_a_second_cancel_is_told_so_and_an_ended_run_has_nothing_to_cancel(
    browse: Browse, user: User, member: User, task: TaskView
) -> None:
    browse(member).post(path("workflows:run_cancel", task.run_id))
    with pytest.raises(AlreadyDecided):
        workflows.hold_cancel(run_id=task.run_id, user_id=user.pk)
    seconds_pass(task.run_id)
    with pytest.raises(RunHasEnded):
        workflows.hold_cancel(run_id=task.run_id, user_id=user.pk)


def test_a_run_goes_on_when_who_cancelled_it_may_not_any_more(browse: Browse, member: User, task: TaskView) -> None:
    browse(member).post(path("workflows:run_cancel", task.run_id))
    Membership.objects.filter(user=member).update(role="viewer")
    seconds_pass(task.run_id)
    assert workflows.get_run(task.run_id).state == RunState.RUNNING
    assert queued(task.run_id) == 1


def test_viewers_look_and_touch_nothing(browse: Browse, viewer: User, failed: TaskView) -> None:
    client = browse(viewer)
    assert client.get(path("workflows:run_detail", failed.run_id)).status_code == 200
    for name in ("run_retry", "run_cancel", "run_replay"):
        assert client.post(path(f"workflows:{name}", failed.run_id)).status_code == 403
    assert b"Retry" not in client.get(path("workflows:run_detail", failed.run_id)).content
    assert workflows.get_run(failed.run_id).state == RunState.FAILED


def test_two_runs_are_compared_step_by_step(browse: Browse, user: User, task: TaskView) -> None:
    ended(task.run_id)
    other = tasks.submit_task(source="portal", title="Another", body="Words.", requested_by=user.pk)
    ended(other.run_id, cost_micros=5200)
    StepRun.objects.filter(run_id=other.run_id, path="draft").update(
        output={"text": "Four boxes were lost.", "extra": 1}
    )
    page = browse(user).get(path("workflows:run_compare", a=task.run_id, b=other.run_id)).content.decode()
    assert "1 step differs." in page
    assert "<del><span>−</span>Three</del>" in page
    assert "<ins><span>+</span>Four</ins>" in page
    chosen = browse(user).get(f"{path('workflows:run_compare')}?run={task.run_id}&run={other.run_id}")
    assert b"1 step differs." in chosen.content
    assert browse(user).get(path("workflows:run_compare", a="x", b="y")).status_code == 200


def test_foreign_and_unknown_runs_are_answered_alike(browse: Browse, outsider: User, task: TaskView) -> None:
    client = browse(outsider, host="globex.localhost")
    for name in ("run_detail", "run_replay"):
        assert client.get(path(f"workflows:{name}", task.run_id)).status_code == 404
        assert client.get(path(f"workflows:{name}", UNKNOWN)).status_code == 404
    assert client.get(path("workflows:run_compare", a=task.run_id, b=task.run_id)).status_code == 404
    for name in ("run_retry", "run_cancel"):
        assert client.post(path(f"workflows:{name}", task.run_id)).status_code == 404
    with transactions.entered("acme"):
        assert workflows.get_run(task.run_id).state == RunState.RUNNING


def test_a_person_says_what_became_of_a_call_nobody_can_tell_about(browse: Browse, user: User, task: TaskView) -> None:
    Run.objects.filter(pk=task.run_id).update(state="review")
    StepRun.objects.create(
        run_id=task.run_id, path="draft", attempt=1, seq=1, step_id="draft", type="ai.generate", state="review",
        started_at="2026-11-22T00:00:00Z",
    )  # fmt: skip
    effect = Effect.objects.create(
        run_id=task.run_id, path="draft", type="http", effect_class="blind", key="k" * 64, request="{}", request_hash="0" * 64, work_id=1, fence=1,
        state="review", sends=1, sent_at="2026-11-22T00:00:00Z",
    )  # fmt: skip
    client = browse(user)
    assert b"Did it happen?" in client.get(path("workflows:run_detail", task.run_id)).content
    assert "Did “draft” happen?".encode() in client.get("/tasks/inbox/").content
    client.post(path("workflows:effect_resolve", effect.pk), {"decision": "happened", "reason": "It is there."})
    effect.refresh_from_db()
    assert effect.state == "succeeded"
    refused = client.post(path("workflows:effect_resolve", effect.pk), {"decision": "give_up"})
    assert refused.status_code == 302
    effect.refresh_from_db()
    assert effect.state == "succeeded"


def test_pages_cost_the_same_number_of_queries_for_one_and_three_runs(
    browse: Browse, user: User, task: TaskView
) -> None:
    client = browse(user)
    counted: dict[str, list[int]] = {}
    for wanted in (1, 3):
        while Run.objects.count() < wanted:
            tasks.submit_task(source="portal", title="One more", body="Words.", requested_by=user.pk)
        for name in PAGES:
            client.get(path(name))
            with CaptureQueriesContext(connection) as queries:
                client.get(path(name))
            counted.setdefault(name, []).append(len(queries))
    assert all(before == after for before, after in counted.values()), counted


def test_the_canvas_shows_the_same_as_picture_and_as_list(browse: Browse, user: User, task: TaskView) -> None:
    page = browse(user).get(path("canvas:canvas")).content.decode()
    assert page.count('data-workflow="answer"') >= 4
    assert "1 under way" in page
    assert "Answer a task" in page.split("<table")[1]
    assert " style=" not in page


def test_no_page_about_runs_carries_inline_script_or_style(browse: Browse, user: User, failed: TaskView) -> None:
    for address in (path("workflows:run_detail", failed.run_id), *(path(name) for name in PAGES)):
        text = browse(user).get(address).content.decode()
        assert " style=" not in text and " onclick=" not in text and "<script>" not in text
