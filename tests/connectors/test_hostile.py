"""Malformed and hostile answers: coded, shown in the connection's health, nothing lost."""

import pytest

from apps.connectors import selectors
from apps.connectors.errors import PayloadInvalid, RemoteUnavailable, WindowTooDense
from apps.connectors.models import NotionPage
from apps.connectors.providers.notion import windows
from apps.connectors.providers.notion.client import NotionClient
from apps.connectors.providers.notion.session import access_of


@pytest.fixture
def loose(world):
    """A world whose answers may be of any shape."""
    world.notion.on_answer = None
    return world


@pytest.mark.parametrize(
    "cells",
    [
        {"Trigger": None},
        {"Trigger": {"id": "zz", "type": "number", "number": 1}},
        {"Trigger": "yes"},
        {"Trigger": []},
        {"Description": {"type": "rich_text", "rich_text": "text"}},
        {"Status": {"type": "select", "select": "New"}},
        {"QA Target": {"type": "number", "number": "85"}},
        {"Due": {"type": "date", "date": {"start": "yesterday"}}},
        {"Linked": {"type": "relation", "relation": [{"id": 5}]}},
        {"Unknown": {"type": "hologram", "hologram": {}}},
    ],
    ids=str,
)
def test_a_broken_or_missing_cell_is_no_edit_and_is_reported(loose, cells):
    loose.add(Task_Name="One", Description="d", Trigger=True, Status="New", QA_Target="85", Due="2026-11-21")
    loose.poll()
    loose.faults({"kind": "properties", "path": "/query$", "set": cells})
    loose.poll()
    assert len(loose.app.changes) == 1
    if "Unknown" not in cells:
        assert next(iter(cells)) in loose.database().problem
        assert selectors.view_connection(connection_id=loose.connection_id).health == "degraded"
    loose.faults()
    loose.poll()
    assert loose.database().problem == ""
    assert len(loose.app.changes) == 1


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"object": "page"},
        {"object": "page", "id": 5},
        {"object": "page", "id": "../etc", "last_edited_time": "x", "properties": {}},
        {"object": "page", "id": "00000000-0000-4000-8000-00000000abcd", "last_edited_time": None, "properties": {}},
        {
            "object": "page",
            "id": "00000000-0000-4000-8000-00000000abcd",
            "last_edited_time": "2026-11-01T09:00:00.000Z",
            "properties": [],
        },
    ],
    ids=str,
)
def test_a_broken_row_does_not_stop_the_others(loose, row):
    page_id = loose.add(Task_Name="Good")
    good = loose.store.show_page(loose.store.page(page_id))
    listing = {"object": "list", "results": [row, good], "has_more": False, "next_cursor": None}
    loose.faults({"kind": "body", "path": "/query$", "body": listing})
    loose.poll()
    assert [change.page_id for change in loose.app.changes] == [page_id]


@pytest.mark.parametrize("kind", ["truncated", "garbled", "html", "empty", "wrong_json", "huge"])
def test_an_unreadable_answer_loses_nothing(loose, kind):
    loose.poll()
    page_id = loose.add(Task_Name="One")
    loose.faults({"kind": kind, "path": "/query$"})
    with pytest.raises((PayloadInvalid, RemoteUnavailable)) as caught:
        loose.poll()
    view = selectors.view_connection(connection_id=loose.connection_id)
    assert view.health == "degraded"
    assert view.error_code == caught.value.code
    loose.faults()
    loose.poll()
    assert [change.page_id for change in loose.app.changes] == [page_id]
    assert selectors.view_connection(connection_id=loose.connection_id).health == "ok"


def test_hostile_text_is_kept_as_text(loose):
    text = "=cmd|' /C calc'!A0 <script>alert(1)</script> \x00\ud800 \u202e " + "🙂" * 900
    page = loose.store.page(loose.add(Task_Name="x"))
    loose.store.update_page(page, {"Description": {"rich_text": [{"text": {"content": text}}]}}, by="x")
    loose.poll()
    assert loose.app.changes[-1].values["Description"].startswith("=cmd|' /C calc'!A0 <script>alert(1)</script> \ufffd")


def test_a_row_of_many_pieces_comes_whole(world):
    page = world.store.page(world.add(Task_Name="x"))
    pieces = [{"text": {"content": "y" * 2000}} for _piece in range(100)]
    world.store.update_page(page, {"Description": {"rich_text": pieces}}, by="x")
    world.poll()
    assert world.app.changes[-1].values["Description"] == "y" * 200_000


def test_a_deleted_column_is_no_edit_and_the_set_up_mends_it(world):
    page_id = world.add(Task_Name="One", Description="d")
    world.poll()
    source = world.source()
    source["columns"].remove(world.store.column(source, "QA Target"))
    world.edit(page_id, Description="e")
    world.poll()
    assert world.app.changes[-1].changed == {"Description"}
    assert "QA Target" in world.database().problem
    world.set_up()
    world.edit(page_id, QA_Target="90")
    world.poll()
    assert world.app.changes[-1].values["QA Target"] == 90
    assert world.database().problem == ""


def test_a_wish_for_a_deleted_column_waits_for_the_set_up(world):
    page_id = world.add(Task_Name="One")
    world.poll()
    source = world.source()
    source["columns"].remove(world.store.column(source, "Result"))
    world.upsert("task-1", page_id=page_id, values={"Result": "kept"})
    assert [error.code for error in world.push()] == ["notion_schema_drift"]
    world.set_up()
    assert not world.push()
    assert world.cells(page_id)["Result"] == "kept"


def test_a_listing_that_never_ends_is_left(loose):
    page = loose.store.show_page(loose.store.page(loose.add(Task_Name="One")))
    listing = {"object": "list", "results": [page], "has_more": True, "next_cursor": "again"}
    loose.faults({"kind": "body", "path": "/query$", "body": listing})
    with pytest.raises(PayloadInvalid):
        loose.poll()


def test_refused_credentials_stop_the_calls_until_a_test_succeeds(world):
    from apps.connectors import connections

    world.notion.tokens = {"other"}
    for _poll in range(3):
        with pytest.raises(Exception, match=r"401|attention"):
            world.poll()
    calls = world.notion.budget.total
    world.upsert("log-1", "t_log", values={"Task": "kept"})
    assert [error.code for error in world.push()] == ["credentials_refused"]
    assert world.notion.budget.total == calls
    assert selectors.view_connection(connection_id=world.connection_id).health == "down"
    world.notion.tokens = {"secret_sandbox"}
    assert connections.check_connection(connection_id=world.connection_id, clock=world.clock).health == "ok"
    world.push(rounds=2, after=600)
    assert len(world.store.pages) == 2


def test_more_rows_than_a_query_lists_are_read_in_windows(world, monkeypatch):
    from tests.servers.notion import api_databases

    monkeypatch.setattr(api_databases, "QUERY_CAP", 200)
    for number in range(450):
        world.add(Task_Name=f"Row {number}")
        world.notion.clock.advance(20)
    world.poll()
    assert len({change.page_id for change in world.app.changes}) == 450


def test_a_minute_with_more_rows_than_a_query_lists_is_said_and_not_looped(world, monkeypatch):
    from tests.servers.notion import api_databases

    monkeypatch.setattr(api_databases, "QUERY_CAP", 100)
    for number in range(150):
        world.add(Task_Name=f"Row {number}")
    client = NotionClient(access_of(world.connection), clock=world.clock)
    with pytest.raises(WindowTooDense):
        list(windows.pages(client, world.database().data_source_id, stamp="created_time"))
    world.poll()
    assert world.database().error_code == "notion_window_too_dense"
    assert NotionPage.objects.count() == 100
