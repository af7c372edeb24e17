"""The task page and list: filters, the sentence, versions with their differences, history with names."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.tasks import facade
from apps.tasks.contracts import TaskView
from apps.tasks.models import Task
from apps.tasks.presentation import drafts_of, sentence_about
from apps.tenants.contracts import TenantRef
from apps.workflows.contracts import StepView

pytestmark = pytest.mark.django_db
Browse = Callable[..., Client]
START = datetime(2026, 11, 22, tzinfo=UTC)


def path(name: str, *args: object) -> str:
    return reverse(name, args=args, urlconf="echopilot.urls_tenant")


@pytest.fixture
def task(tenant: TenantRef, user: User) -> TaskView:
    facade.ensure_defaults()
    return facade.submit_task(
        source="portal", title="Notice", body="Two lines.", requested_by=user.pk, client="Miller & Sons"
    )


def verdict(number: int, answer: str, score: int, feedback: str = "") -> StepView:
    return StepView(
        path="verdict" if number == 1 else f"verdict#{number}", step_id="verdict", type="task.verdict", title="Decide",
        state="succeeded", attempt=1, started_at=START, finished_at=START, summary="", error=None, cost_micros=0, model="",
        output={"answer": answer, "score": score, "feedback": feedback, "visit": number},
    )  # fmt: skip


def done(task: TaskView, **more: Any) -> TaskView:
    values = {"state": "done", "result": "Yes.", "score": 91, "cost_micros": 3100, "created_at": START,
              "finished_at": START + timedelta(seconds=12)}  # fmt: skip
    Task.objects.filter(pk=task.id).update(state="running")
    Task.objects.filter(pk=task.id).update(**{**values, **more})
    return facade.get_task(task.id)


@pytest.mark.parametrize(
    ("query", "found"),
    [("source=portal", True), ("source=notion", False), ("client=Miller+%26+Sons", True), ("client=Nobody", False),
     ("kind=other", True), ("kind=drafting", False), ("q=Notice", True), ("state=new&source=portal&q=lines", True),
     ("source=nonsense", True)],
)  # fmt: skip
def test_filters_narrow_the_list(browse: Browse, user: User, task: TaskView, query: str, found: bool) -> None:
    page = browse(user).get(f"{path('tasks:task_list')}?{query}")
    assert page.status_code == 200
    assert (path("tasks:task_detail", task.id).encode() in page.content) is found


def test_a_filter_keeps_its_values_and_offers_a_way_out(browse: Browse, user: User, task: TaskView) -> None:
    page = browse(user).get(f"{path('tasks:task_list')}?client=Nobody&q=word").content.decode()
    assert 'value="word"' in page and "<option selected>" not in page
    assert "Nothing matches" in page and "Show all tasks" in page


def test_a_finished_task_says_how_long_how_much_and_how_good(task: TaskView) -> None:
    view = done(task)
    assert sentence_about(view) == "Answered in 12.0 s for <bdi>$0.003100</bdi>, scored 91."
    assert "after a revision" in sentence_about(replace(view, revisions=1))
    assert sentence_about(replace(view, score=None)) == "Answered in 12.0 s for <bdi>$0.003100</bdi>."


def test_versions_show_what_changed_and_what_the_next_was_told(task: TaskView) -> None:
    drafts = drafts_of(
        task, [verdict(1, "We open at nine.", 70, "- Say which days."), verdict(2, "We open daily at nine.", 92)]
    )
    assert [(draft.number, draft.score) for draft in drafts] == [(2, 92), (1, 70)]
    assert [piece.text for piece in drafts[0].pieces if piece.kind == "added"] == [" daily"]
    assert drafts[1].feedback == "- Say which days." and drafts[1].pieces == ()


def test_the_page_of_a_task_names_the_people_in_its_history(browse: Browse, user: User, task: TaskView) -> None:
    page = browse(user).get(path("tasks:task_detail", task.id)).content.decode()
    assert (user.name or user.email) in page.split('id="history-h"')[1]
    assert f'topics="task:{task.id}"' in page


def test_a_failed_task_says_what_it_means_and_what_to_do(browse: Browse, user: User, task: TaskView) -> None:
    Task.objects.filter(pk=task.id).update(
        state="failed", error_code="budget_exceeded", error="The budget is used up.", finished_at=START
    )
    page = browse(user).get(path("tasks:task_detail", task.id)).content.decode()
    assert "The budget is used up." in page and "Raise the budget" in page and "Try again" in page
