"""The events process through its door: real uvicorn, real NOTIFY, raw sockets."""

import json
import time
import urllib.request
from typing import Any

import psutil
import pytest

from apps.live import facade
from apps.live.sending import TRIM, Outbox
from apps.live.tickets import Ticket, sign
from tests.live.reading import Server

pytestmark = [pytest.mark.slow]


def test_a_stream_hears_its_tenant_its_topics_and_nothing_else(server: Server, tell: Any) -> None:
    mine = server.open(1, "run:a", "runs")
    other = server.open(2, "run:a", "runs")
    assert mine.status == other.status == 200
    tell(1, "run:a", "runs", answer={"running": 1})
    tell(1, "run:b")
    heard = mine.next()
    assert heard is not None
    assert heard.kind == "change"
    assert sorted(heard.data["topics"]) == ["run:a", "runs"]
    assert heard.data["flows"] == {"answer": {"running": 1}}
    assert mine.next(within_s=0.5) is None
    assert other.next(within_s=0.2) is None


@pytest.mark.parametrize("case", ["none", "forged", "foreign host", "other origin"])
def test_without_a_good_ticket_there_is_no_stream(server: Server, case: str) -> None:
    good = Ticket(tenant_id=1, epoch=1, user_id=1, host="acme.localhost", topics=("runs",))
    asked: dict[str, dict[str, Any]] = {
        "none": {"ticket": ""},
        "forged": {"ticket": sign(good)[:-2] + "AA"},
        "foreign host": {"ticket": sign(good), "host": "globex.localhost"},
        "other origin": {"headers": "Origin: http://evil.example\r\n"},
    }
    assert server.open(1, "runs", **asked[case]).status == 403


def test_the_page_on_another_port_of_the_same_host_may_read_and_cookies_are_not_asked_for(server: Server) -> None:
    head = server.open(1, "runs", headers="Origin: http://acme.localhost:8000\r\n").head.lower()
    assert "access-control-allow-origin: http://acme.localhost:8000" in head
    assert "access-control-allow-credentials" not in head
    assert "cache-control: no-store" in head


def test_after_a_cut_everything_missed_comes_once_and_in_order(server: Server, tell: Any) -> None:
    first = server.open(1, "run:a", after=facade.position())
    tell(1, "run:a")
    before = first.next()
    assert before is not None
    first.close()
    server.wait_for_streams(0)
    tell(1, "run:a")
    tell(2, "run:a")
    tell(1, "run:b")
    tell(1, "run:a")
    last = facade.position()
    again = server.open(1, "run:a", last_event_id=before.id)
    missed = [again.next()]
    while missed[-1] is not None and missed[-1].id < last:
        missed.append(again.next())
    ids = [event.id for event in missed if event is not None]
    assert ids == sorted(set(ids)) and before.id < ids[0] and ids[-1] == last
    assert all(event is not None and event.data["topics"] == ["run:a"] for event in missed)
    assert again.next(within_s=0.3) is None
    tell(1, "run:a")
    later = again.next()
    assert later is not None and later.id == last + 1


def test_what_happened_between_reading_a_page_and_listening_is_replayed(server: Server, tell: Any) -> None:
    position = facade.position()
    tell(1, "run:a")
    stream = server.open(1, "run:a", after=position)
    heard = stream.next()
    assert heard is not None and heard.id == position + 1
    assert server.open(1, "run:a", after=heard.id).next(within_s=0.3) is None


def test_a_position_from_before_the_process_is_replayed_from_rows_and_one_that_is_gone_means_look_afresh(
    server: Server, tell: Any
) -> None:
    from django.db import connection

    for _ in range(3):
        tell(1, "run:a")
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(id) FROM public.live_notice")
        oldest = cursor.fetchone()[0]
        kept = server.open(1, "run:a", after=oldest - 1).next()
        assert kept is not None and kept.kind == "change"
    assert server.process.poll() is None
    fresh = server.open(1, "run:a", after=0)
    heard = fresh.next()
    assert heard is not None
    assert heard.kind in {"reset", "change"}


def test_a_database_that_comes_back_costs_no_event(server: Server, tell: Any) -> None:
    from django.db import connection

    stream = server.open(1, "runs", after=facade.position())
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'echopilot events' AND datname = current_database()"
        )
    tell(1, "runs")
    heard = stream.next(within_s=10)
    assert heard is not None and heard.kind == "change"


def test_a_browser_that_leaves_frees_everything(server: Server, connections_of_events: Any) -> None:
    streams = [server.open(1, "runs", user_id=number) for number in range(20)]
    server.wait_for_streams(20)
    assert connections_of_events() == 1
    for stream in streams:
        stream.close()
    server.wait_for_streams(0)


def test_one_person_has_a_dozen_streams_at_most(server: Server) -> None:
    for _ in range(12):
        assert server.open(1, "runs", user_id=9).status == 200
    server.wait_for_streams(12)
    assert server.open(1, "runs", user_id=9).status == 429
    assert server.open(1, "runs", user_id=10).status == 200


def test_readers_who_take_nothing_cost_no_memory(server: Server, tell: Any) -> None:
    process = psutil.Process(server.pid)
    for number in range(60):
        server.open(1, "runs", user_id=number, receive_buffer=2048)
    tell(1, "runs", answer={"running": 1})
    time.sleep(0.5)
    before = process.memory_info().rss
    flows = {f"workflow-{n}": {"running": n, "failed": n} for n in range(60)}
    for _ in range(300):
        tell(1, "runs", **flows)
    time.sleep(1)
    assert process.memory_info().rss - before < 24 * 1024 * 1024
    assert server.health()["database"]


def test_other_paths_and_methods_are_refused(server: Server) -> None:
    for path, method, status in (("/", "GET", 404), ("/events/", "POST", 405), ("/events/other", "GET", 404)):
        request = urllib.request.Request(f"http://127.0.0.1:{server.port}{path}", method=method)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=5)
        assert refused.value.code == status
        refused.value.close()


def test_the_outbox_joins_what_changed_and_writes_one_ordered_row_per_tenant(committed_notices: None) -> None:
    from django.db import connection

    outbox = Outbox()
    for _ in range(100):
        outbox.note(tenant_id=1, topics=["runs", "run:a"], flows={"answer": {"running": 1}})
    outbox.note(tenant_id=2, topics=["tasks"])
    assert outbox.flush() == 2
    assert outbox.flush() == 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id, body FROM public.live_notice ORDER BY id")
        rows = [(tenant, json.loads(body)) for tenant, body in cursor.fetchall()]
        assert rows == [
            (1, {"topics": ["runs", "run:a"], "flows": {"answer": {"running": 100}}}),
            (2, {"topics": ["tasks"]}),
        ]
        cursor.execute(TRIM, ["-1 minutes"])
        cursor.execute("SELECT count(*) FROM public.live_notice")
        assert cursor.fetchone()[0] == 0


def test_a_change_is_told_after_commit_and_not_after_a_rollback(committed_notices: None) -> None:
    from django.db import transaction

    from apps.live.sending import outbox

    outbox.flush()
    before = facade.position()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        facade.changed(tenant_id=1, topics=["runs"])
        raise ZeroDivisionError
    outbox.flush()
    assert facade.position() == before
    with transaction.atomic():
        facade.changed(tenant_id=1, topics=["runs"])
        assert outbox.flush() == 0
    assert outbox.flush() == 1
    assert facade.position() > before
