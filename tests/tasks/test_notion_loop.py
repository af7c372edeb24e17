"""Rows ticked in Notion become tasks, exactly one per tick, and the answers come back into the row."""

from typing import Any

import pytest

from apps.accounts.models import User
from apps.connectors import facade as connectors
from apps.tasks import facade
from apps.tasks.models import NotionRow, Task
from apps.tasks.notion import boards
from apps.tasks.notion.databases import DATABASES
from apps.tenants.services.limits import override_limit
from tests.tasks.driving import ANSWER, BODY
from tests.tasks.notion_office import NotionOffice


def count(office: NotionOffice) -> int:
    """How many tasks there are."""
    with office.inside():
        return Task.objects.count()


def test_a_ticked_row_is_answered_scored_and_unticked(notion_office: NotionOffice) -> None:
    page = notion_office.add()
    notion_office.around()
    row, task = notion_office.row(page), notion_office.task_of(page)
    assert (row["Status"], row["Trigger"], row["Result Summary"], row["QA Score"]) == ("Done", False, ANSWER, 95)
    assert row["Cost"] == task.cost_micros / 1_000_000 > 0
    assert (row["Model"], row["Commit"]) == (task.model, task.revision)
    assert str(task.id) in row["Task"]
    assert (task.source, task.source_ref["page_id"], task.notion_url != "") == ("notion", page, True)


def test_the_row_says_processing_before_the_model_is_asked(notion_office: NotionOffice) -> None:
    page = notion_office.add()
    notion_office.poll()
    notion_office.work("notion.push")
    assert (notion_office.row(page)["Status"], notion_office.row(page)["Trigger"]) == ("Processing", True)
    assert not notion_office.model.requests


def test_the_logs_say_what_happened(notion_office: NotionOffice) -> None:
    page = notion_office.add()
    notion_office.around()
    task, jobs = notion_office.task_of(page), notion_office.rows("Job Log")
    assert [(job["Status"], job["QA Score"], job["Tokens"]) for job in jobs] == [("Done", 95, task.tokens)]
    assert jobs[0]["Tokens In"] + jobs[0]["Tokens Out"] == task.tokens > 0
    assert jobs[0]["Cost"] == task.cost_micros / 1_000_000
    lines = notion_office.rows("Automation Log")
    assert sorted(line["Status"] for line in lines) == ["Processing", "Processing", "Success"]
    assert all(line["Task"].startswith(f"#{task.number} ") for line in lines)


def test_a_row_that_is_not_ticked_starts_nothing(notion_office: NotionOffice) -> None:
    notion_office.add(Trigger=False)
    notion_office.around()
    assert count(notion_office) == 0


def test_a_row_seen_again_and_edited_while_ticked_is_still_one_task(notion_office: NotionOffice) -> None:
    page = notion_office.add()
    for _again in range(3):
        notion_office.poll()
    notion_office.edit(page, Due="2027-01-31")
    notion_office.poll()
    assert count(notion_office) == 1
    notion_office.around()
    notion_office.edit(page, Due="2027-02-28")
    notion_office.around()
    assert (count(notion_office), notion_office.row(page)["Status"]) == (1, "Done")


def test_an_edit_before_the_untick_is_sent_is_no_new_request(notion_office: NotionOffice) -> None:
    page = notion_office.add()
    notion_office.poll()
    notion_office.work("workflows.run")
    notion_office.edit(page, Due="2027-01-31")
    notion_office.around()
    assert (count(notion_office), notion_office.row(page)["Trigger"]) == (1, False)


def test_a_row_ticked_again_after_it_is_done_is_a_new_request(notion_office: NotionOffice) -> None:
    page = notion_office.add()
    notion_office.around()
    notion_office.edit(
        page,
        Trigger=True,
        Description="Write two sentences for the client about the new opening hours: from nine to five, Monday to Friday, please.",
    )
    notion_office.around()
    assert (count(notion_office), notion_office.row(page)["Status"]) == (2, "Done")
    assert "please" in notion_office.task_of(page).body


def test_a_row_ticked_again_while_in_work_is_taken_up_afterwards(notion_office: NotionOffice) -> None:
    page = notion_office.add()
    notion_office.poll()
    notion_office.edit(page, Trigger=False)
    notion_office.poll()
    notion_office.edit(page, Trigger=True)
    notion_office.poll()
    assert count(notion_office) == 1
    notion_office.around()
    assert (count(notion_office), notion_office.row(page)["Status"], notion_office.row(page)["Trigger"]) == (
        2,
        "Done",
        False,
    )
    with notion_office.inside():
        assert NotionRow.objects.get(page_id=page).generation == 2


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"Description": ""}, "Description"),
        ({"Description": "x" * 60_000}, "50000"),
        ({"Task_Type": "Juggling"}, "Task Type"),
        ({"QA_Target": 500}, "QA Target"),
        ({"Description": "", "Task_Name": ""}, "Task Name"),
        ({"Priority": "Someday"}, "Priority"),
    ],
)
def test_a_row_that_cannot_be_a_task_says_what_to_correct_and_costs_nothing(
    notion_office: NotionOffice, cells: dict[str, Any], said: str
) -> None:
    page = notion_office.add(**cells)
    notion_office.around()
    row, task = notion_office.row(page), notion_office.task_of(page)
    assert (row["Status"], row["Trigger"]) == ("Failed", False)
    assert said in row["Result Summary"] and "tick Trigger again" in row["Result Summary"]
    assert (task.state, task.cost_micros, task.run_id) == ("failed", 0, None)
    assert not notion_office.model.requests
    notion_office.edit(
        page, Trigger=True, Task_Name="Fine", Description=BODY, Task_Type="Drafting", QA_Target=80, Priority="Normal"
    )
    notion_office.around()
    assert notion_office.row(page)["Status"] == "Done"


def test_a_plan_that_is_used_up_is_said_in_the_row(notion_office: NotionOffice) -> None:
    with notion_office.inside():
        from apps.tenants.facade import current_tenant

        override_limit(tenant_id=current_tenant().id, key="tasks_per_month", amount=1, reason="test")
    first, second = notion_office.add(), notion_office.add()
    notion_office.around()
    rows = [notion_office.row(page) for page in (first, second)]
    assert sorted(row["Status"] for row in rows) == ["Done", "Failed"]
    refused = next(row for row in rows if row["Status"] == "Failed")
    assert "1 of 1" in refused["Result Summary"]


def test_what_waits_for_a_person_says_why_and_a_cell_decides_nothing(notion_office: NotionOffice, owner: User) -> None:
    notion_office.model.judge_score = 40
    page = notion_office.add()
    notion_office.around()
    row = notion_office.row(page)
    assert (row["Status"], row["QA Score"]) == ("Waiting Human", 40)
    assert "Decide here" in row["Result Summary"]
    notion_office.edit(page, Status="Done")
    notion_office.around()
    task = notion_office.task_of(page)
    assert (task.state, notion_office.row(page)["Status"]) == ("review", "Waiting Human")
    assert any("decides nothing" in event.detail for event in task.events)
    notion_office.decide(task.id, "approve", by=owner)
    notion_office.work("notion.push")
    assert (notion_office.row(page)["Status"], notion_office.row(page)["Result Summary"]) == ("Done", ANSWER)


def test_a_task_from_the_portal_gets_a_row_of_its_own(notion_office: NotionOffice) -> None:
    task = notion_office.send(title="From the portal")
    notion_office.work()
    notion_office.work("notion.push")
    rows = notion_office.rows()
    assert [(row["Task Name"], row["Status"], row["Result Summary"]) for row in rows] == [
        ("From the portal", "Done", ANSWER)
    ]
    notion_office.around()
    assert count(notion_office) == 1
    notion_office.edit(rows[0]["id"], Trigger=True)
    notion_office.around()
    assert (count(notion_office), notion_office.task_of(rows[0]["id"]).id != task.id) == (2, True)
    assert len(notion_office.rows()) == 1


def test_a_row_that_leaves_while_in_work_costs_no_answer(notion_office: NotionOffice) -> None:
    page = notion_office.add()
    notion_office.poll()
    store = notion_office.notion.store
    notion_office.notion.clock.advance(120)
    store.trash_page(store.page(page), in_trash=True, by="x")
    notion_office.around()
    assert notion_office.task_of(page).state == "done"


def test_a_long_answer_arrives_whole(notion_office: NotionOffice, owner: User) -> None:
    answer = " ".join(f"The office at number {number} opens on Monday." for number in range(200))
    notion_office.model.judge_score = 40
    page = notion_office.add()
    notion_office.around()
    notion_office.decide(notion_office.task_of(page).id, "approve", by=owner, edited_text=answer)
    notion_office.work("notion.push")
    assert len(answer) > 8_000
    assert notion_office.row(page)["Result Summary"] == notion_office.task_of(page).result == answer


def test_a_client_is_named_from_its_row(notion_office: NotionOffice) -> None:
    client = notion_office.add(
        "Clients", **{"Client Name": "Northwind Traders", "Email": "a@northwind.example", "Active": True}
    )
    notion_office.poll()
    page = notion_office.add(Trigger=False)
    store = notion_office.notion.store
    store.update_page(
        store.page(page), {"Client": {"relation": [{"id": client}]}, "Trigger": {"checkbox": True}}, by="x"
    )
    notion_office.around()
    assert notion_office.task_of(page).client == "Northwind Traders"
    assert notion_office.rows("Job Log")[0]["Client"] == "Northwind Traders"


def test_a_notion_outage_delays_the_row_and_loses_nothing(notion_office: NotionOffice) -> None:
    page = notion_office.add()
    notion_office.poll()
    notion_office.notion.faults.replace(
        [{"kind": "status", "status": 503, "code": "service_unavailable", "path": "/v1/pages", "share": 1}]
    )
    notion_office.work("workflows.run", "notion.push")
    assert notion_office.task_of(page).state == "done"
    assert notion_office.row(page)["Status"] in (None, "New")
    notion_office.notion.faults.replace([])
    notion_office.sql("UPDATE connectors_notionpush SET next_try_at = NULL")
    notion_office.sql("UPDATE connectors_connection SET paused_until = NULL")
    notion_office.wake()
    notion_office.poll()
    notion_office.wake()
    notion_office.work("notion.push")
    assert (notion_office.row(page)["Status"], notion_office.row(page)["Result Summary"]) == ("Done", ANSWER)


@pytest.mark.parametrize(
    "broken",
    [
        {"Trigger": {"type": "checkbox", "checkbox": "yes"}},
        {"Description": {"type": "number", "number": 5}},
        {"Task Name": None},
        {"QA Target": {"type": "number", "number": "eighty"}},
        {"Client": {"type": "relation", "relation": [{"id": "not-an-id"}, 7, None]}},
    ],
)
def test_a_malformed_row_starts_nothing_wrong_and_the_next_honest_answer_works(
    notion_office: NotionOffice, broken: dict[str, Any]
) -> None:
    page = notion_office.add()
    notion_office.notion.faults.replace([{"kind": "properties", "path": "query", "set": broken, "share": 1}])
    notion_office.around()
    assert count(notion_office) <= 1
    notion_office.notion.faults.replace([])
    notion_office.edit(page, Due="2027-01-31", Trigger=True)
    notion_office.sql(
        "UPDATE connectors_notionpage SET check_at = now() - interval '1 hour' WHERE check_at IS NOT NULL"
    )
    notion_office.around()
    if notion_office.row(page)["Status"] == "Failed":
        notion_office.edit(page, Trigger=True)
        notion_office.around()
    if notion_office.row(page)["Status"] == "Processing":  # the last write-back may stand behind the one that said so
        notion_office.around()
    assert notion_office.row(page)["Status"] == "Done"


def test_the_thirteen_databases_stand_and_a_second_set_up_changes_nothing(notion_office: NotionOffice) -> None:
    assert len(DATABASES) == 13
    titles = {
        "".join(part["plain_text"] for part in one["title"]) for one in notion_office.notion.store.sources.values()
    }
    assert titles == {spec.title for spec in DATABASES}
    assert notion_office.connection_id is not None
    with notion_office.inside():
        assert not connectors.notion_plan(notion_office.connection_id).changes


def test_the_boards_show_real_figures(notion_office: NotionOffice) -> None:
    notion_office.add()
    notion_office.add(Description="")
    notion_office.around()
    with notion_office.inside():
        boards.heartbeat()
        boards.heartbeat()
    notion_office.work("notion.push")
    beats, parts = (
        notion_office.rows("Status Board"),
        {row["Name"]: row for row in notion_office.rows("Operations Monitor")},
    )
    assert [(beat["Jobs (24h)"], beat["Avg QA (24h)"], beat["OK"]) for beat in beats] == [(2, 95, False)]
    assert len(beats[0]["Commit"]) >= 40
    assert set(parts) == {"Bot Polling", "AI Processing", "Database"}
    assert (parts["AI Processing"]["Value"], parts["AI Processing"]["Status"]) == (0.5, "Error")


def test_without_notion_nothing_is_wished_for(notion_office: NotionOffice) -> None:
    with notion_office.inside():
        connectors.disconnect(notion_office.connection_id)
        view = facade.submit_task(source="portal", title="Alone", body=BODY, task_type="drafting")
    notion_office.work()
    assert notion_office.view(view.id).state == "done"
    assert not notion_office.rows()
