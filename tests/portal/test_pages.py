"""The portal through its front door: what each person sees, what is kept on error, what is refused."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.tasks import facade as tasks
from apps.tasks.contracts import TaskView
from apps.tasks.enums import TaskSource, TaskState
from apps.tasks.presentation import step_lines
from apps.tenants.contracts import TenantRef
from apps.workflows.contracts import RunError, StepView
from apps.workflows.models import HeldCancel
from apps.workflows.services.cancelling import HELD

pytestmark = pytest.mark.django_db

START = datetime(2026, 11, 21, 12, tzinfo=UTC)
Browse = Callable[..., Client]
REQUEST = {
    "title": "Summarise the note", "body": "Summarise: three boxes were damaged by water.", "task_type": "drafting",
    "priority": "normal", "idempotency_key": "form-1",
}  # fmt: skip


@pytest.fixture
def task(tenant: TenantRef, user: User) -> TaskView:
    tasks.ensure_defaults()
    return tasks.submit_task(
        source=TaskSource.PORTAL, title="Summarise the note", body="Three boxes.", requested_by=user.pk
    )


def path(name: str, *args: object) -> str:
    return reverse(name, args=args, urlconf="echopilot.urls_tenant")


def test_visitor_is_sent_to_sign_in_and_comes_back(browse: Browse) -> None:
    answer = browse().get("/tasks/")
    assert answer.status_code == 302
    assert "next=/tasks/" in answer["Location"]


def test_home_of_an_empty_workspace_offers_an_example(tenant: TenantRef, browse: Browse, user: User) -> None:
    page = browse(user).get("/")
    assert page.status_code == 200
    assert b"Try an example" in page.content
    assert b"All clear" in page.content


def test_new_task_leads_to_its_page_and_twice_the_same_form_is_one_task(
    tenant: TenantRef, browse: Browse, user: User
) -> None:
    tasks.ensure_defaults()
    client = browse(user)
    first = client.post(path("tasks:task_create"), REQUEST)
    second = client.post(path("tasks:task_create"), REQUEST)
    assert first.status_code == 302
    assert first["Location"] == second["Location"]
    assert sum(tasks.count_tasks_by_state().values()) == 1
    page = client.get(first["Location"])
    assert b"Summarise the note" in page.content
    assert b'data-refresh="1000"' in page.content


@pytest.mark.parametrize(
    ("change", "field"),
    [({"title": ""}, "title"), ({"title": "x" * 201}, "title"), ({"qa_target": "101"}, "qa_target"),
     ({"task_type": "nonsense"}, "task_type"), ({"due_on": "soon"}, "due_on")],
)  # fmt: skip
def test_bad_input_names_the_field_and_keeps_what_was_typed(
    tenant: TenantRef, browse: Browse, user: User, change: dict[str, str], field: str
) -> None:
    tasks.ensure_defaults()
    page = browse(user).post(path("tasks:task_create"), {**REQUEST, **change})
    assert page.status_code == 400
    assert f'id="id_{field}_error"'.encode() in page.content
    assert b"three boxes were damaged by water" in page.content
    assert sum(tasks.count_tasks_by_state().values()) == 0


def test_viewer_reads_but_may_not_ask_decide_or_cancel(browse: Browse, viewer: User, task: TaskView) -> None:
    client = browse(viewer)
    assert client.get(path("tasks:task_detail", task.id)).status_code == 200
    assert client.get(path("tasks:task_create")).status_code == 403
    for name in ("task_cancel", "task_retry", "task_review"):
        assert client.post(path(f"tasks:{name}", task.id), {"decision": "approve"}).status_code == 403
    assert tasks.get_task(task.id).state == TaskState.NEW


def test_cancel_by_get_is_refused_and_changes_nothing(browse: Browse, user: User, task: TaskView) -> None:
    assert browse(user).get(path("tasks:task_cancel", task.id)).status_code == 405
    assert tasks.get_task(task.id).state == TaskState.NEW


def test_a_cancelled_task_can_be_asked_again_with_everything_kept(browse: Browse, user: User, task: TaskView) -> None:
    client = browse(user)
    client.post(path("tasks:task_cancel", task.id))
    HeldCancel.objects.update(effective_at=timezone.now() - timedelta(seconds=60))
    assert HELD.apply_overdue() == 1
    assert tasks.get_task(task.id).state == TaskState.CANCELLED
    assert f"?from={task.id}".encode() in client.get(path("tasks:task_detail", task.id)).content
    form = client.get(path("tasks:task_create") + f"?from={task.id}")
    assert b"Three boxes." in form.content


def test_outsider_gets_the_same_answer_for_a_foreign_and_an_unknown_task(
    browse: Browse, outsider: User, task: TaskView
) -> None:
    client = browse(outsider, host="globex.localhost")
    foreign = client.get(path("tasks:task_detail", task.id))
    unknown = client.get(path("tasks:task_detail", "00000000-0000-7000-8000-000000000000"))
    assert foreign.status_code == unknown.status_code == 404
    assert b"Summarise the note" not in foreign.content


def test_stored_text_is_shown_as_text(tenant: TenantRef, browse: Browse, user: User) -> None:
    tasks.ensure_defaults()
    attack = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    task = tasks.submit_task(source=TaskSource.PORTAL, title=attack[:200], body=attack, requested_by=user.pk)
    for page in ("/", "/tasks/", path("tasks:task_detail", task.id)):
        assert b"<script>alert" not in browse(user).get(page).content


def test_lists_cost_the_same_number_of_queries_for_one_and_three_tasks(
    tenant: TenantRef, browse: Browse, user: User
) -> None:
    tasks.ensure_defaults()
    client = browse(user)
    counts = []
    for wanted in (1, 3):
        while sum(tasks.count_tasks_by_state().values()) < wanted:
            tasks.submit_task(source=TaskSource.PORTAL, title="One more", body="Words.", requested_by=user.pk)
        client.get("/tasks/")
        with CaptureQueriesContext(connection) as queries:
            client.get("/tasks/")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_filter_without_matches_says_how_to_leave_it(browse: Browse, user: User, task: TaskView) -> None:
    page = browse(user).get("/tasks/?state=failed")
    assert b"Nothing matches" in page.content
    assert b"Show all tasks" in page.content


@pytest.mark.parametrize(
    "query", ["state=nonsense", "q=%00", "q=" + "x" * 5000, "cursor=99999999999999999999", "cursor=abc"]
)
def test_hostile_query_strings_never_break_the_list(browse: Browse, user: User, task: TaskView, query: str) -> None:
    assert browse(user).get(f"/tasks/?{query}").status_code in {200, 400}


def test_pages_follow_the_language_and_its_direction(browse: Browse, user: User, task: TaskView) -> None:
    client = browse(user)
    client.cookies["django_language"] = "ur"
    assert b'dir="rtl"' in client.get("/tasks/").content


def test_no_page_carries_inline_script_or_style(browse: Browse, user: User, task: TaskView) -> None:
    for page in ("/", "/tasks/", "/tasks/inbox/", "/tasks/new/", path("tasks:task_detail", task.id)):
        text = browse(user).get(page).content.decode()
        assert " style=" not in text
        assert " onclick=" not in text
        assert "<script>" not in text


def test_the_time_line_says_what_each_step_did_and_leaves_the_plumbing_out() -> None:
    def step(kind: str, state: str, **more: object) -> StepView:
        return StepView(
            **{
                "path": kind,
                "step_id": kind,
                "type": kind,
                "title": kind.title(),
                "state": state,
                "attempt": 1,
                "started_at": START,
                "finished_at": START + timedelta(seconds=2),
                "summary": "all well",
                "output": {},
                "error": None,
                "cost_micros": 0,
                "model": "",
                **more,
            }
        )  # type: ignore[arg-type]

    lines = step_lines(
        [
            step("ai.generate", "failed", error=RunError(code="timeout", message="The model took too long.")),
            step("ai.generate", "succeeded"),
            step("switch", "succeeded"),
            step("task.ask_person", "waiting", finished_at=None),
        ],
        START + timedelta(seconds=5),
    )
    assert [(line.state, line.text) for line in lines] == [
        ("failed", "The model took too long."),
        ("done", "all well"),
        ("waiting", "all well"),
    ]
    assert [line.duration for line in lines] == [2.0, 2.0, 5.0]
