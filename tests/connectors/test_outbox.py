"""From us to Notion."""

from datetime import date
from decimal import Decimal

import pytest

from apps.connectors.enums import ConflictState, PageState, SyncState
from apps.connectors.models import NotionConflict, NotionPage, NotionPush
from apps.connectors.providers.notion import conflicts
from apps.core.errors import InvalidInput, NotFound
from apps.dispatch.models import WorkItem

PERSON = "00000000-0000-4000-8000-0000000000aa"


def calls(world, method):
    return [entry for entry in world.notion.log if entry["method"] == method and entry["path"].startswith("/v1/pages")]


def rows_of(world, key):
    source = world.source(key)
    return [page for page in world.store.pages.values() if page["source"] == source["id"]]


def test_a_wish_becomes_a_row_with_every_kind_of_value(world):
    world.upsert(
        "log-1",
        "t_log",
        values={
            "Task": "Hello",
            "Details": "x",
            "Cost": Decimal("1.25"),
            "When": date(2026, 11, 21),
            "Kind": "Success",
            "Link": "https://example.com",
            "Mail": "a@example.com",
            "Labels": ["a", "new"] if False else ["a", "b"],
        },
    )
    assert not world.push()
    (page,) = rows_of(world, "t_log")
    assert world.cells(page["id"]) == {
        "Task": "Hello",
        "Details": "x",
        "More": "",
        "Cost": "1.25",
        "When": "2026-11-21",
        "Kind": "Success",
        "Link": "https://example.com",
        "Mail": "a@example.com",
        "Labels": "a, b",
        "EchoPilot ID": "log-1",
    }
    assert NotionPush.objects.get().state == SyncState.IN_STEP
    assert WorkItem.objects.filter(kind="notion.push", ref=str(NotionPush.objects.get().pk)).count() == 1


def test_wishes_coalesce_and_the_latest_wins(world):
    for number in range(5):
        world.upsert(
            "log-1", "t_log", values={"Task": f"T{number}", f"{'Details' if number % 2 else 'More'}": str(number)}
        )
    world.push()
    (page,) = rows_of(world, "t_log")
    assert (world.cells(page["id"])["Task"], world.cells(page["id"])["Details"], world.cells(page["id"])["More"]) == (
        "T4",
        "3",
        "4",
    )
    assert len(calls(world, "POST")) == 1
    assert not calls(world, "PATCH")


def test_writing_back_does_not_come_back_as_news(world):
    page_id = world.add(Task_Name="One", Trigger=True, Status="New")
    world.poll()
    change = world.app.changes[-1]
    world.upsert(
        "task-1",
        page_id=page_id,
        based_on=change.values,
        values={"Trigger": False, "Status": "Done", "Result": "The answer", "Score": 91},
    )
    assert not world.push()
    cells = world.cells(page_id)
    assert (cells["Trigger"], cells["Status"], cells["Result"], cells["Score"], cells["EchoPilot ID"]) == (
        "",
        "Done",
        "The answer",
        "91",
        "task-1",
    )
    for _minute in range(15):
        world.poll()
    assert len(world.app.changes) == 1


def test_our_write_is_no_news_even_while_queries_show_it_late(world):
    page_id = world.add(Task_Name="One", Trigger=True)
    world.poll()
    world.store.lag = lambda: 240.0
    world.upsert("task-1", page_id=page_id, values={"Trigger": False})
    world.push()
    for _minute in range(8):
        world.poll(after=30)
    assert len(world.app.changes) == 1


def test_our_write_is_no_news_when_a_poll_sees_it_before_its_answer_arrived(world):
    page_id = world.add(Task_Name="One", Trigger=True)
    world.poll()
    world.upsert("task-1", page_id=page_id, values={"Trigger": False})
    world.faults({"kind": "drop_after", "method": "PATCH", "path": "^/v1/pages/"})
    assert [error.code for error in world.push()] == ["remote_outcome_unknown"]
    world.faults()
    world.poll()
    assert len(world.app.changes) == 1
    world.push(rounds=2, after=30)
    assert NotionPush.objects.get().state == SyncState.IN_STEP
    assert not NotionConflict.objects.exists()


def test_a_person_ticking_again_right_after_our_write_is_news(world):
    page_id = world.add(Task_Name="One", Trigger=True)
    world.poll()
    world.upsert("task-1", page_id=page_id, values={"Trigger": False})
    world.push()
    world.edit(page_id, Trigger=True)
    world.poll(after=10)
    assert world.app.changes[-1].changed == {"Trigger"}
    assert world.app.changes[-1].values["Trigger"] is True
    assert world.app.changes[-1].local_ref == "task-1"


def test_edits_of_different_cells_are_merged(world):
    page_id = world.add(Task_Name="One", Status="New")
    world.poll()
    world.upsert("task-1", page_id=page_id, values={"Status": "Done", "Result": "ours"})
    world.edit(page_id, Description="theirs")
    world.push()
    cells = world.cells(page_id)
    assert (cells["Status"], cells["Result"], cells["Description"]) == ("Done", "ours", "theirs")
    assert not NotionConflict.objects.exists()
    world.poll()
    assert world.app.changes[-1].changed == {"Description"}


def test_an_edit_of_the_same_cell_becomes_a_conflict_and_is_shown_at_the_row(world):
    page_id = world.add(Task_Name="One", Status="New")
    world.poll()
    world.upsert("task-1", page_id=page_id, values={"Status": "Done", "Result": "ours"})
    world.edit(page_id, Status="Failed")
    world.push(rounds=2)
    cells = world.cells(page_id)
    assert cells["Status"] == "Failed"
    assert cells["Result"] == "ours"
    assert "“Status”: kept as it is here; EchoPilot has “Done”" in cells["Sync Note"]
    (conflict,) = NotionConflict.objects.all()
    assert (conflict.property, conflict.base, conflict.ours, conflict.theirs) == ("Status", "New", "Done", "Failed")
    assert world.page(page_id).sync == SyncState.CONFLICT


def test_an_answer_a_person_corrected_is_not_overwritten_by_the_next_one(world):
    page_id = world.add(Task_Name="One")
    world.poll()
    world.upsert("task-1", page_id=page_id, values={"Result": "first"})
    world.push()
    world.edit(page_id, Result="first, corrected by hand")
    world.poll()
    world.upsert("task-1", page_id=page_id, values={"Result": "second"})
    world.push(rounds=2)
    assert world.cells(page_id)["Result"] == "first, corrected by hand"
    assert NotionConflict.objects.get().ours == "second"


def test_a_decision_on_old_values_does_not_undo_a_newer_edit(world):
    """The app was told of the edit, but decided before: what it was based on counts."""
    page_id = world.add(Task_Name="One", Status="New")
    world.poll()
    old = world.app.changes[-1].values
    world.edit(page_id, Status="Failed")
    world.poll()
    world.upsert("task-1", page_id=page_id, values={"Status": "Done"}, based_on=old)
    world.push(rounds=2)
    assert world.cells(page_id)["Status"] == "Failed"
    world.upsert("task-1", page_id=page_id, values={"Status": "Done"}, based_on=world.app.changes[-1].values)
    world.push(rounds=3)
    assert world.cells(page_id)["Status"] == "Done"
    assert world.cells(page_id)["Sync Note"] == ""
    assert NotionConflict.objects.get().state == ConflictState.OBSOLETE


@pytest.mark.parametrize(("choice", "result"), [("ours", "Done"), ("theirs", "Failed")])
def test_a_person_ends_a_conflict(world, choice, result):
    page_id = world.add(Task_Name="One", Status="New")
    world.poll()
    world.upsert("task-1", page_id=page_id, values={"Status": "Done"})
    world.edit(page_id, Status="Failed")
    world.push(rounds=2)
    conflict = NotionConflict.objects.get()
    view = conflicts.resolve(conflict_id=conflict.pk, choice=choice, user_id=7)
    assert view.state == choice
    assert conflicts.resolve(conflict_id=conflict.pk, choice="ours").state == choice
    world.push(rounds=3)
    assert world.cells(page_id)["Status"] == result
    assert world.cells(page_id)["Sync Note"] == ""
    assert world.page(page_id).sync == SyncState.IN_STEP


def test_resolving_refuses_nonsense(world):
    with pytest.raises(NotFound):
        conflicts.resolve(conflict_id=NotionPage().pk, choice="ours")
    with pytest.raises(InvalidInput):
        conflicts.resolve(conflict_id=NotionPage().pk, choice="both")


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "drop_after"},
        {"kind": "status_after", "status": 500},
        {"kind": "status_after", "status": 504},
        {"kind": "truncated"},
        {"kind": "html"},
        {"kind": "empty"},
        {"kind": "wrong_json"},
    ],
    ids=lambda fault: fault["kind"] + str(fault.get("status", "")),
)
def test_a_create_with_unknown_outcome_is_looked_up_not_repeated(world, fault):
    world.faults({**fault, "method": "POST", "path": "^/v1/pages$", "times": 1})
    world.upsert("log-1", "t_log", values={"Task": "Once"})
    assert [error.code for error in world.push()] == ["remote_outcome_unknown"]
    world.upsert("log-1", "t_log", values={"Details": "wished while waiting"})
    world.push(rounds=3, after=40)
    (page,) = rows_of(world, "t_log")
    assert world.cells(page["id"])["Details"] == "wished while waiting"


def test_a_lost_create_that_shows_up_late_is_waited_for(world):
    world.store.lag = lambda: 300.0
    world.faults({"kind": "drop_after", "method": "POST", "path": "^/v1/pages$", "times": 1})
    world.upsert("log-1", "t_log", values={"Task": "Once"})
    world.push(rounds=30, after=40)
    assert len(rows_of(world, "t_log")) == 1
    assert NotionPush.objects.get().state == SyncState.IN_STEP


def test_a_create_that_never_arrived_is_repeated_after_the_wait(world):
    world.faults({"kind": "drop", "method": "POST", "path": "^/v1/pages$", "times": 1})
    world.upsert("log-1", "t_log", values={"Task": "Once"})
    world.push(rounds=5, after=40)
    assert not rows_of(world, "t_log")
    world.push(rounds=20, after=40)
    assert len(rows_of(world, "t_log")) == 1


def test_a_committed_create_named_by_the_error_is_taken(world):
    world.faults({"kind": "committed", "method": "POST", "path": "^/v1/pages$", "times": 1})
    world.upsert("log-1", "t_log", values={"Task": "Once"})
    assert not world.push()
    assert len(rows_of(world, "t_log")) == 1


def test_a_created_row_seen_by_the_poll_first_is_tied_to_its_push(world):
    world.faults({"kind": "drop_after", "method": "POST", "path": "^/v1/pages$", "times": 1})
    world.upsert("task-9", values={"Task Name": "Ours", "Result": "r"})
    world.push()
    (page,) = rows_of(world, "t_queue")
    world.edit(page["id"], Description="added by a person")
    world.poll()
    (change,) = world.app.changes
    assert change.changed == {"Description"}
    assert change.local_ref == "task-9"
    world.push(rounds=2, after=60)
    assert len(rows_of(world, "t_queue")) == 1


def test_a_row_a_person_duplicated_is_a_row_of_its_own(world):
    world.upsert("task-1", values={"Task Name": "Ours"})
    world.push()
    (page,) = rows_of(world, "t_queue")
    twin = world.store.create_page(world.source(), {}, by=PERSON)
    twin["cells"].update(page["cells"])
    twin["shown"][-1][1]["cells"].update(page["cells"])
    world.poll()
    (change,) = world.app.changes
    assert change.page_id == twin["id"]
    assert change.local_ref == ""
    world.upsert("task-2", page_id=twin["id"], values={"Result": "second"})
    world.push()
    assert world.cells(twin["id"])["EchoPilot ID"] == "task-2"
    assert world.cells(page["id"])["Result"] == ""


def test_a_second_task_for_the_same_row_takes_the_row_over(world):
    page_id = world.add(Task_Name="One", Trigger=True)
    world.poll()
    for ref in ("task-1", "task-2"):
        world.upsert(ref, page_id=page_id, values={"Result": ref})
        world.push()
    assert world.page(page_id).local_ref == "task-2"
    assert world.cells(page_id)["Result"] == "task-2"


def test_a_very_long_answer_arrives_in_pieces_and_comes_back_whole(world):
    text = "Zürich 🙂 " * 15_000
    page_id = world.add(Task_Name="One")
    world.poll()
    world.upsert("task-1", page_id=page_id, values={"Result": text})
    assert not world.push()
    stored = world.cells(page_id)["Result"]
    assert stored.startswith("Zürich 🙂 Zürich")
    assert stored == text
    world.upsert("task-1", page_id=page_id, values={"Result": "short again"})
    assert not world.push()
    assert world.cells(page_id)["Result"] == "short again"


def test_more_than_a_cell_holds_is_shortened_with_a_mark(world):
    world.upsert("log-1", "t_log", values={"Task": "x" * 300_000, "Details": "漢" * 300_000, "More": "y" * 199_999})
    assert not world.push(rounds=2)
    (page,) = rows_of(world, "t_log")
    cells = world.cells(page["id"])
    assert cells["Task"].endswith("… (shortened)")
    assert cells["Details"].endswith("… (shortened)")
    assert len(cells["Details"]) > 100_000
    assert cells["More"].startswith("yyy")


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"Nope": 1}, "Nope"),
        ({"Score": "91"}, "Score"),
        ({"Score": float("nan")}, "Score"),
        ({"Score": True}, "Score"),
        ({"Trigger": "yes"}, "Trigger"),
        ({"Status": "Unheard of"}, "Status"),
        ({"Due": "soon"}, "Due"),
        ({"Tags": "a"}, "Tags"),
        ({"Tags": ["a,b"]}, "Tags"),
        ({"Result": 5}, "Result"),
        ({"EchoPilot ID": "x"}, "EchoPilot ID"),
    ],
)
def test_a_wish_that_does_not_fit_is_refused_and_nothing_is_kept(world, values, field):
    with pytest.raises(InvalidInput) as caught:
        world.upsert("task-1", values=values)
    assert field in caught.value.fields
    assert not NotionPush.objects.exists()


def test_a_row_in_the_bin_is_not_written_and_the_app_is_told(world):
    page_id = world.add(Task_Name="One")
    world.poll()
    world.store.trash_page(world.store.page(page_id), in_trash=True, by=PERSON)
    world.upsert("task-1", page_id=page_id, values={"Result": "late"})
    assert [error.code for error in world.push()] == ["remote_not_found"]
    assert NotionPush.objects.get().state == SyncState.FAILED
    assert world.page(page_id).state == PageState.TRASHED
    assert [removed.reason for removed in world.app.removed] == ["trashed"]


def test_two_hours_of_outage_lose_nothing(world):
    pages = [world.add(Task_Name=f"Row {number}") for number in range(10)]
    world.poll()
    world.faults({"kind": "status", "status": 503})
    for number, page_id in enumerate(pages):
        world.upsert(f"task-{number}", page_id=page_id, values={"Result": f"answer {number}"})
        world.upsert(f"log-{number}", "t_log", values={"Task": f"entry {number}"})
    for _step in range(24):
        world.push(after=300)
    assert world.connection.failures > 5
    world.faults()
    world.push(rounds=4, after=300)
    assert [world.cells(page_id)["Result"] for page_id in pages] == [f"answer {number}" for number in range(10)]
    assert len(rows_of(world, "t_log")) == 10
    assert world.connection.failures == 0


def test_without_notion_a_wish_does_nothing(tenant):
    from apps.connectors.providers.notion import outbox
    from apps.connectors.registries import notion_databases
    from tests.connectors.world import App, specs

    with notion_databases.temporarily(*specs(App())):
        outbox.upsert(database_key="t_log", local_ref="log-1", values={"Task": "x"})
    assert not NotionPush.objects.exists()
