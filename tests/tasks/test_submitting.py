"""Taking requests: all of one or nothing, once per key, in order, within the plan."""

import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import IntegrityError, connections
from django.test.utils import CaptureQueriesContext

from apps.core.errors import InvalidInput, PlatformError
from apps.tasks import facade, storage
from apps.tasks.errors import IdempotencyKeyReused, InvalidRequest, MediaRefused, UnknownTask, UnknownTaskType
from apps.tasks.models import Task, TaskType
from apps.tenants.errors import PlanLimitReached
from apps.tenants.facade import current_tenant, usage
from apps.tenants.services.limits import override_limit
from tests.tasks.driving import BODY, Office
from tests.tasks.test_media import pdf, wav


def attachment(data: bytes, name: str = "a.txt") -> facade.NewAttachment:
    """A file."""
    return facade.NewAttachment(name=name, file=io.BytesIO(data))


def leftovers(office: Office) -> tuple[int, int, int, int]:
    """Tasks, runs, work items and counted tasks."""
    with office.inside():
        counted = usage("tasks_per_month")
    return (
        *(
            office.sql(f"SELECT count(*) FROM {table}")[0][0]
            for table in ("tasks_task", "workflows_run", "public.dispatch_workitem")
        ),
        counted,
    )


def stored_files(office: Office) -> list[str]:
    """Names of the files in the tenant's task folder."""
    with office.inside():
        return storage.files.listdir(storage.FOLDER)[1] if storage.files.exists(storage.FOLDER) else []


def test_numbers_are_gapless_and_unique_under_parallel_submission(office: Office) -> None:
    def one(index: int) -> int:
        try:
            return office.send(title=f"Task {index}").number
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        numbers = sorted(pool.map(one, range(12)))
    with pytest.raises(InvalidRequest):
        office.send(title="")
    assert [*numbers, office.send().number] == list(range(1, 14))


def test_the_same_key_five_times_at_once_is_one_task(office: Office) -> None:
    def one(_index: int) -> Any:
        try:
            return office.send(idempotency_key="k-1", requested_by=7).id
        finally:
            connections.close_all()

    with ThreadPoolExecutor(5) as pool:
        ids = set(pool.map(one, range(5)))
    assert len(ids) == 1
    assert leftovers(office) == (1, 1, 1, 1)


def test_a_key_used_for_something_else_is_refused(office: Office) -> None:
    office.send(idempotency_key="k-1")
    with pytest.raises(IdempotencyKeyReused):
        office.send(idempotency_key="k-1", title="Another")
    with pytest.raises(IdempotencyKeyReused):
        office.send(idempotency_key="k-1", attachments=[attachment(b"text")])
    assert leftovers(office)[0] == 1


@pytest.mark.parametrize(
    ("changes", "error", "field"),
    [
        ({"title": ""}, InvalidRequest, "title"),
        ({"body": "x" * 60_000}, InvalidRequest, "body"),
        ({"task_type": "nothing-like-it"}, UnknownTaskType, "task_type"),
        ({"qa_target": 101}, InvalidRequest, "qa_target"),
        (
            {"attachments": [facade.NewAttachment(name="x.exe", file=io.BytesIO(b"MZ\x00\x00"))]},
            MediaRefused,
            "attachments",
        ),
        ({"attachments": [attachment(b"a")] * 11}, MediaRefused, "attachments"),
        ({"attachments": [attachment(b"a" * 99_000), attachment(b"b" * 99_000)]}, InvalidRequest, "attachments"),
    ],
)
def test_what_cannot_be_accepted_leaves_nothing_behind(
    office: Office, changes: dict[str, Any], error: type[PlatformError], field: str
) -> None:
    before = stored_files(office)
    with pytest.raises(error) as caught:
        office.send(**changes)
    assert field in caught.value.fields
    assert leftovers(office) == (0, 0, 0, 0)
    assert stored_files(office) == before


def test_a_switched_off_type_is_unknown(office: Office) -> None:
    with office.inside():
        TaskType.objects.filter(slug="research").update(is_active=False)
        with pytest.raises(UnknownTaskType):
            facade.submit_task(source="portal", title="T", body="B", task_type="research")


def test_missing_defaults_are_put_back_when_they_are_needed(office: Office) -> None:
    office.sql("DELETE FROM tasks_tasktype")
    office.sql("TRUNCATE workflows_workflow, workflows_workflowversion CASCADE")
    assert office.done().state == "done"


def test_a_type_whose_workflow_is_gone_says_so(office: Office) -> None:
    office.sql("UPDATE tasks_tasktype SET workflow = 'no-such'")
    with pytest.raises(InvalidRequest) as caught:
        office.send()
    assert "no-such" in str(caught.value.fields["task_type"])
    assert leftovers(office) == (0, 0, 0, 0)


def test_the_plans_limit_holds_under_parallel_submission(office: Office) -> None:
    with office.inside():
        override_limit(tenant_id=current_tenant().id, key="tasks_per_month", amount=3, reason="test")

    def one(index: int) -> bool:
        try:
            office.send(title=f"Task {index}")
        except PlanLimitReached:
            return False
        else:
            return True
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        accepted = sum(pool.map(one, range(8)))
    assert accepted == 3
    assert leftovers(office) == (3, 3, 3, 3)


def test_text_attachments_reach_the_model_and_are_kept(office: Office) -> None:
    task = office.done(
        attachments=[attachment("Prices: 12 € per piece.".encode(), "prices.txt"), attachment(pdf(), "empty.pdf")]
    )
    assert (task.attachments[0].name, task.attachments[0].kind, task.attachments[0].size) == ("prices.txt", "text", 25)
    assert "12 €" in str(
        office.model.requests[0]["messages"] if "messages" in office.model.requests[0] else office.model.requests[0]
    )
    with office.inside():
        view, file = facade.open_attachment(task_id=task.id, attachment_id=task.attachments[0].id)
        with file:
            assert (view.name, file.read().decode()) == ("prices.txt", "Prices: 12 € per piece.")


def test_a_recording_goes_to_a_person_before_any_money_is_spent(office: Office, owner: Any) -> None:
    task = office.done(task_type="transcription", attachments=[attachment(wav(2), "call.wav")])
    assert (task.state, task.review.reason if task.review else "", task.cost_micros) == ("review", "needs_person", 0)
    assert task.attachments[0].duration_s == pytest.approx(2, abs=0.01)
    assert not office.model.requests
    assert office.decide(task.id, "approve", by=owner, edited_text="Good morning.").result == "Good morning."


def test_a_file_of_another_task_or_tenant_does_not_exist(office: Office) -> None:
    first, second = office.send(attachments=[attachment(b"one")]), office.send()
    wanted = office.view(first.id).attachments[0].id
    for slug, task_id in (("acme", second.id), ("globex", first.id), ("acme", "nonsense")):
        with office.inside(slug), pytest.raises(UnknownTask):
            facade.open_attachment(task_id=task_id, attachment_id=wanted)


def test_the_database_refuses_an_illegal_move_and_a_second_result(office: Office) -> None:
    task = office.done()
    with office.inside():
        for change in ({"state": "running", "finished_at": None}, {"result": "Another"}):
            with pytest.raises(IntegrityError):
                Task.objects.filter(id=task.id).update(**change)
    assert office.view(task.id) == task


def test_lists_cost_the_same_number_of_queries_whatever_their_length(office: Office) -> None:
    counts = []
    for more in (1, 2):
        for _each in range(more):
            office.send()
        with office.inside(), CaptureQueriesContext(connections["default"]) as queries:
            facade.list_tasks()
            facade.list_reviews()
            facade.count_tasks_by_state()
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 4


def test_pages_follow_each_other_without_gaps_and_foreign_cursors_are_refused(office: Office) -> None:
    for index in range(5):
        office.send(title=f"Task {index}")
    with office.inside():
        first = facade.list_tasks(limit=2)
        second = facade.list_tasks(limit=2, cursor=first.next)
        last = facade.list_tasks(limit=2, cursor=second.next)
        assert [row.number for page in (first, second, last) for row in page.rows] == [5, 4, 3, 2, 1]
        assert last.next is None
        assert [row.number for row in facade.list_tasks(search="#3").rows] == [3]
        for cursor in ("abc", "-1", "9" * 30, "1;2"):
            with pytest.raises(InvalidInput):
                facade.list_tasks(cursor=cursor)
        with pytest.raises(InvalidInput):
            facade.list_tasks(state="sleeping")
        assert not facade.list_tasks(search=BODY[:20] + "zzz").rows


def test_the_example_types_load_twice_without_harm_and_fit_the_quality_gate(office: Office) -> None:
    with office.inside():
        for _again in range(2):
            call_command("loaddata", "tasks", verbosity=0)
        for kind in TaskType.objects.all():
            kind.full_clean()
        assert TaskType.objects.count() == 7
        broken = TaskType(
            slug="x",
            name="X",
            rubric=[{"key": "a", "title": "A", "weight": 90}],
            checks=[{"kind": "magic", "value": 1}],
        )
        with pytest.raises(ValidationError) as caught:
            broken.full_clean()
    assert set(caught.value.message_dict) == {"rubric", "checks"}
    assert office.done(task_type="product-text", body=BODY * 2).state in ("done", "review")
