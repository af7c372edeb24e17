"""Several workers at once: leases are a courtesy, rows and conditions are the truth."""

import threading
import uuid

import pytest

from apps.connectors.models import NotionPush
from apps.connectors.providers.notion import inbox, outbox, sending
from apps.connectors.providers.notion.client import NotionClient
from apps.core.errors import PlatformError

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shared():
    from apps.tenants import facade as tenants
    from tests.connectors.world import opened

    reference = tenants.get_tenant(slug="acme")
    with tenants.tenant_context(reference), opened() as world:
        world.reference = reference
        yield world


def together(world, work, workers=4):
    """Run ``work`` in several threads that begin at the same moment; returns the errors met."""
    from django.db import connection

    from apps.tenants import facade as tenants

    errors, gate = [], threading.Barrier(workers)

    def run():
        try:
            with tenants.tenant_context(world.reference):
                gate.wait(10)
                work()
        except PlatformError as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _worker in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return errors


def test_polls_that_ignore_the_lease_still_deliver_once(shared, monkeypatch):
    monkeypatch.setattr(inbox.Lease, "take", lambda _lease: True)
    for number in range(30):
        shared.add(Task_Name=f"Row {number}")
    for _round in range(3):
        shared.notion.clock.advance(60)
        assert not together(shared, lambda: inbox.poll(connection_id=shared.connection_id, clock=shared.clock))
        for page_id in list(shared.store.pages)[1:10]:
            shared.edit(page_id, Description=str(uuid.uuid4()))
    told = [(change.page_id, change.version) for change in shared.app.changes]
    assert len(told) == len(set(told)) == 30 + 2 * 9


def test_workers_sending_the_same_push_create_one_row(shared):
    shared.upsert("log-1", "t_log", values={"Task": "Once"})
    push = NotionPush.objects.get()
    together(shared, lambda: sending.send(push_id=push.pk, clock=shared.clock))
    source = shared.source("t_log")
    assert sum(page["source"] == source["id"] for page in shared.store.pages.values()) == 1


def test_a_wish_made_while_the_row_is_being_created_is_not_lost(shared, monkeypatch):
    create = NotionClient.create_page

    def wish_meanwhile(client, **options):
        monkeypatch.setattr(NotionClient, "create_page", create)
        shared.upsert("log-1", "t_log", values={"Details": "meanwhile", "Task": "newer"})
        return create(client, **options)

    shared.upsert("log-1", "t_log", values={"Task": "older"})
    monkeypatch.setattr(NotionClient, "create_page", wish_meanwhile)
    assert not shared.push()
    (page,) = (page for page in shared.store.pages.values() if page["source"] == shared.source("t_log")["id"])
    assert (shared.cells(page["id"])["Task"], shared.cells(page["id"])["Details"]) == ("newer", "meanwhile")


def test_a_wish_made_while_the_row_is_being_written_is_not_lost(shared, monkeypatch):
    page_id = shared.add(Task_Name="One")
    shared.poll()
    update = NotionClient.update_page

    def wish_meanwhile(client, *arguments, **options):
        monkeypatch.setattr(NotionClient, "update_page", update)
        outbox.upsert(database_key="t_queue", local_ref="task-1", values={"Result": "second"})
        return update(client, *arguments, **options)

    shared.upsert("task-1", page_id=page_id, values={"Result": "first"})
    monkeypatch.setattr(NotionClient, "update_page", wish_meanwhile)
    assert not shared.push()
    assert shared.cells(page_id)["Result"] == "second"


def test_wishes_from_many_workers_coalesce_without_loss(shared):
    page_id = shared.add(Task_Name="One")
    shared.poll()
    columns = iter(["Result", "Score", "Plan", "Status"])
    values = {"Result": "r", "Score": 5, "Plan": "p", "Status": "Done"}
    lock = threading.Lock()

    def wish():
        with lock:
            column = next(columns)
        outbox.upsert(database_key="t_queue", local_ref="task-1", page_id=page_id, values={column: values[column]})

    assert not together(shared, wish)
    shared.push()
    cells = shared.cells(page_id)
    assert (cells["Result"], cells["Score"], cells["Plan"], cells["Status"]) == ("r", "5", "p", "Done")
