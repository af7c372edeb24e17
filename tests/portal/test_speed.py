"""Pages stay quick however much there is: their number of queries is fixed, counts stop, searches go window by window."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User
from apps.tasks import counting, facade, selectors
from apps.tasks.enums import TaskState
from apps.tasks.models import Task
from tests.bench import portal_seed

pytestmark = pytest.mark.django_db
Browse = Callable[..., Client]
# The most queries a page may make, however many rows it shows; sessions, membership and the frame take seven of them.
PAGES = {
    "/": 37, "/tasks/inbox/": 21, "/tasks/": 15, "/tasks/?state=failed": 15, "/tasks/?q=letter": 18, "/runs/": 15, "/runs/?q=letter": 18,
    "/workflows/": 14, "/connections/": 15, "/connections/conflicts/": 14, "/costs/": 14, "/costs/calls/": 12,
    "/costs/budgets/": 12, "/costs/models/": 12, "/costs/prices/": 12, "/assistant/": 11, "/search/?q=letter": 17, "/prompts/": 12,
    "/palette/?q=letter": 14, "/notifications/": 26, "/canvas/": 14, "/more/": 11,
}  # fmt: skip


def queries(client: Client, path: str) -> int:
    client.get(path)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200, path
    return len(captured)


def test_every_main_page_has_a_fixed_number_of_queries(tenant, browse: Browse, user: User) -> None:
    portal_seed.seed(tasks=150, user_id=user.pk)
    client = browse(user)
    few = {path: queries(client, path) for path in PAGES}
    assert {path: count for path, count in few.items() if count > PAGES[path]} == {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM tasks_task")
        assert cursor.fetchone()[0] == 150


def test_counts_stop_at_the_bound_and_say_so(tenant, user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    facade.ensure_defaults()
    for number in range(4):
        facade.submit_task(source="portal", title=f"Letter {number}", body="Write it.", requested_by=user.pk)
    assert str(selectors.count_tasks_by_state()[TaskState.NEW]) == "4"
    monkeypatch.setattr(counting, "CAP", 2)
    counts = selectors.count_tasks_by_state()
    assert (int(counts[TaskState.NEW]), str(counts[TaskState.NEW])) == (3, "2+")
    assert str(sum(counts.values())) == "2+"
    assert str(counts[TaskState.DONE]) == "0"


@pytest.mark.parametrize(("value", "shown"), [(0, "0"), (10_000, "10000"), (10_001, "10,000+"), (34_567, "30,000+")])
def test_a_capped_number_reads_as_one(value: int, shown: str) -> None:
    assert str(counting.AtMost(value)) == shown


def test_a_search_goes_on_into_older_tasks(tenant, user: User, browse: Browse, monkeypatch: pytest.MonkeyPatch) -> None:
    facade.ensure_defaults()
    for number in range(1, 7):
        title = "Rare word" if number == 1 else "Letter"
        facade.submit_task(source="portal", title=title, body="Write it.", requested_by=user.pk)
    monkeypatch.setattr(selectors, "SEARCHED_AT_ONCE", 2)
    first = selectors.list_tasks(search="rare")
    assert (list(first.rows), first.next) == ([], "4")
    assert "Search older tasks" in browse(user).get("/tasks/?q=rare").content.decode()
    found, cursor = [], first.next
    while cursor:
        page = selectors.list_tasks(search="rare", cursor=cursor)
        found += [row.number for row in page.rows]
        cursor = page.next
    assert found == [1]
    assert Task.objects.count() == 6


def test_figures_by_day_agree_with_figures_by_kind(tenant, user: User) -> None:
    from datetime import timedelta

    from django.utils import timezone

    portal_seed.seed(tasks=300, user_id=user.pk)
    today = timezone.now().date()
    bounds = {"first": today - timedelta(days=60), "last": today}
    fine = facade.job_metrics(**bounds)
    for day in facade.day_metrics(**bounds):
        rows = [row for row in fine if row.day == day.day]
        for name in ("done", "failed", "passed_first_time", "cost_micros"):
            assert getattr(day, name) == sum(getattr(row, name) for row in rows), (day.day, name)
