"""From Notion to us."""

import pytest

from apps.connectors.enums import PageState
from apps.connectors.models import NotionPage
from apps.connectors.providers.notion import inbox


def test_a_new_row_is_delivered_once_with_plain_values(world):
    page_id = world.add(
        Task_Name="Summarise",
        Description="Long text",
        QA_Target="85",
        Trigger="on",
        Status="New",
        Due="2026-12-01",
        Tags="a, b",
    )
    world.poll()
    world.poll()
    world.poll(after=1200)
    (change,) = world.app.changes
    assert change.page_id == page_id
    assert change.database_key == "t_queue"
    assert change.values == {
        "Task Name": "Summarise",
        "Description": "Long text",
        "Trigger": True,
        "Status": "New",
        "Plan": "",
        "QA Target": 85,
        "Due": "2026-12-01",
        "Tags": ["a", "b"],
        "Linked": [],
        "Result": "",
        "Score": None,
        "Sync Note": "",
    }
    assert change.version == 1
    assert "Trigger" in change.changed


def test_an_edit_names_what_changed(world):
    page_id = world.add(Task_Name="One")
    world.poll()
    world.edit(page_id, Trigger=True)
    world.poll()
    assert world.app.changes[-1].changed == {"Trigger"}
    assert world.app.changes[-1].version == 2


def test_an_edit_of_our_own_columns_is_no_news(world):
    page_id = world.add(Task_Name="One")
    world.poll()
    world.edit(page_id, Result="typed over")
    world.poll()
    assert len(world.app.changes) == 1


def test_an_edit_that_shows_up_minutes_late_is_not_missed(world):
    page_id = world.add(Task_Name="One")
    world.poll()
    world.store.lag = lambda: 420.0
    world.edit(page_id, Description="late")
    world.store.lag = lambda: 0.0
    other = world.add(Task_Name="Two")
    for _minute in range(8):
        world.poll()
    assert [change.page_id for change in world.app.changes] == [page_id, other, page_id]
    assert world.app.changes[-1].values["Description"] == "late"


def test_two_edits_in_one_minute_with_a_poll_between_are_two_deliveries(world):
    page_id = world.add(Task_Name="One")
    world.poll()
    world.edit(page_id, Description="first")
    world.poll(after=5)
    world.edit(page_id, Description="second")
    world.poll(after=5)
    world.poll(after=5)
    assert [change.values["Description"] for change in world.app.changes] == ["", "first", "second"]


def test_pages_of_any_size(world):
    for number in range(230):
        world.add(Task_Name=f"Row {number}")
    world.poll()
    assert len({change.page_id for change in world.app.changes}) == 230
    assert len(world.app.changes) == 230


def test_a_handler_that_fails_gets_the_row_again(world):
    world.app.fail = [RuntimeError("bug"), RuntimeError("bug")]
    rows = {world.add(Task_Name=name) for name in ("One", "Two", "Three")}
    report = world.poll()
    assert report.failed == 2
    assert len(world.app.changes) == 1
    assert NotionPage.objects.filter(error_code="delivery_failed").count() == 2
    for _minute in range(5):
        world.poll()
    assert {change.page_id for change in world.app.changes} == rows
    assert len(world.app.changes) == 3
    assert not NotionPage.objects.exclude(error_code="").exists()


def test_a_failed_row_is_taken_even_after_the_window_has_passed(world):
    world.add(Task_Name="warm")
    world.poll()
    world.app.fail = [RuntimeError("bug")] * 30
    page_id = world.add(Task_Name="One")
    for _minute in range(20):
        world.poll(after=120)
    world.app.fail = []
    for _minute in range(40):
        world.poll(after=120)
    assert [change.page_id for change in world.app.changes[1:]] == [page_id]


def test_a_handler_that_fails_leaves_nothing_behind(world):
    def half_done(_change):
        NotionPage.objects.update(local_ref="written by the handler")
        raise RuntimeError("after writing")

    world.app.answer = half_done
    page_id = world.add(Task_Name="One")
    world.poll()
    page = world.page(page_id)
    assert page.local_ref == ""
    assert page.version == 0
    assert page.check_at is not None


def test_a_binned_row_is_told_once_and_may_come_back(world):
    page_id = world.add(Task_Name="One")
    world.poll()
    world.store.trash_page(world.store.page(page_id), in_trash=True, by="00000000-0000-4000-8000-0000000000aa")
    world.poll(after=4000)
    world.poll(after=4000)
    assert [(removed.page_id, removed.reason) for removed in world.app.removed] == [(page_id, "trashed")]
    assert world.page(page_id).state == PageState.TRASHED
    world.store.trash_page(world.store.page(page_id), in_trash=False, by="00000000-0000-4000-8000-0000000000aa")
    world.edit(page_id, Description="back")
    world.poll()
    assert world.app.changes[-1].values["Description"] == "back"
    assert world.page(page_id).state == PageState.LIVE


def test_a_row_moved_away_is_told_and_one_moved_in_without_a_new_stamp_is_found(world):
    world.store.moves_touch = False
    page_id = world.add(Task_Name="Goes")
    other = world.add("t_log", Task="Comes")
    world.poll()
    log, queue = world.source("t_log"), world.source()
    world.notion.clock.advance(3600)
    world.store.move_page(
        world.store.page(page_id), {"data_source_id": log["id"]}, by="00000000-0000-4000-8000-0000000000aa"
    )
    world.store.move_page(
        world.store.page(other), {"data_source_id": queue["id"]}, by="00000000-0000-4000-8000-0000000000aa"
    )
    world.poll(after=3700)
    assert [(removed.page_id, removed.reason) for removed in world.app.removed] == [(page_id, "moved")]
    assert [change.page_id for change in world.app.changes] == [page_id, other]


def test_rows_edited_while_they_are_listed_are_not_skipped(world):
    """After a long silence the listing spans several answers; edits in between shift rows across them."""
    pages = [world.add(Task_Name=f"Row {number}") for number in range(250)]
    world.poll()
    world.app.changes.clear()
    world.notion.clock.advance(1900)
    for page_id in pages:
        world.edit(page_id, Description="during the outage")
    world.notion.clock.advance(1500)
    queries = iter([pages[3], pages[120], pages[90]])

    def shift(_method, path, _body, _status, _answer):
        if path.endswith("/query") and (page_id := next(queries, None)):
            world.edit(page_id, QA_Target=str(len(world.app.changes)))

    world.notion.on_answer = shift
    for _minute in range(3):
        world.poll()
    told = {change.page_id for change in world.app.changes if change.values["Description"] == "during the outage"}
    assert told == set(pages)


def test_long_relations_are_fetched_whole(world):
    others = [world.add(Task_Name=f"Row {number}") for number in range(60)]
    page_id = world.add(Task_Name="Many")
    page, source = world.store.page(page_id), world.source()
    world.store.update_page(
        page, {"Linked": {"relation": [{"id": other} for other in others]}}, by="00000000-0000-4000-8000-0000000000aa"
    )
    assert source
    world.poll()
    change = next(change for change in world.app.changes if change.page_id == page_id)
    assert change.values["Linked"] == others


def test_a_renamed_column_is_followed_by_its_id(world):
    page_id = world.add(Task_Name="One")
    world.poll()
    world.store.column(world.source(), "Description")["name"] = "What to do"
    with world.store.lock:
        world.store.update_page(
            world.store.page(page_id), {"What to do": {"rich_text": [{"text": {"content": "renamed"}}]}}, by="x"
        )
    world.poll()
    assert world.app.changes[-1].values["Description"] == "renamed"


def test_another_worker_holding_the_database_is_left_alone(world):
    world.add(Task_Name="One")
    lease = inbox.Lease(world.database(), world.clock)
    assert lease.take()
    assert world.poll(after=1).skipped == ("t_queue",)
    assert not world.app.changes
    lease.give_back()
    assert world.poll(after=1).delivered == 1


def test_a_dead_workers_lease_runs_out(world):
    world.add(Task_Name="One")
    assert inbox.Lease(world.database(), world.clock).take()
    world.poll(after=181)
    assert len(world.app.changes) == 1


@pytest.mark.parametrize("since_s", [600, 7200])
def test_an_interrupted_poll_is_repeated_and_nothing_comes_twice(world, since_s):
    for number in range(230):
        world.add(Task_Name=f"Row {number}")
    world.faults({"kind": "status", "status": 500, "path": "/query$", "after": 2, "times": 3})
    with pytest.raises(Exception, match="500"):
        world.poll()
    assert 0 < len(world.app.changes) < 230
    world.poll(after=since_s)
    assert len(world.app.changes) == len({change.page_id for change in world.app.changes}) == 230
