"""The events process as it runs in production: uvicorn in a process of its own, against this test process's database."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from django.conf import settings as configured

from apps.core.embedded.ports import free_port
from apps.live.contracts import Change
from apps.live.sending import write
from tests.live.reading import Server


@pytest.fixture
def committed_notices(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Notices really commit; the table is empty again afterwards."""
    from django.db import connection

    with django_db_blocker.unblock():
        yield
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE public.live_notice")
        connection.close()


@pytest.fixture(scope="module")
def events_process(django_db_setup: None) -> Iterator[Server]:
    """One events process for all tests of a file: starting one takes longer than most of them."""
    port = free_port()
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "echopilot.settings.test", "LOG_LEVEL": "WARNING"}
    command = [sys.executable, "-m", "uvicorn", "echopilot.events:application", "--port", str(port), "--no-access-log",
               "--timeout-graceful-shutdown", "1", "--log-level", "warning"]  # fmt: skip
    process = subprocess.Popen(command, env=environment)
    made = Server(port=port, pid=process.pid, process=process)
    try:
        made.wait_until_ready()
        yield made
    finally:
        process.terminate()
        process.wait(timeout=10)


@pytest.fixture
def server(events_process: Server, committed_notices: None) -> Iterator[Server]:
    """The running events process; the streams a test opened are closed after it."""
    events_process.wait_until_ready()
    yield events_process
    events_process.close()
    events_process.wait_for_streams(0)


@pytest.fixture
def tell(committed_notices: None) -> Any:
    """``tell(tenant_id, "topic", ...)``: commit one notice as the product does."""

    def send(tenant_id: int, *topics: str, **flows: dict[str, int]) -> None:
        change = Change()
        change.add(topics, flows)
        write({tenant_id: change})

    return send


@pytest.fixture
def connections_of_events() -> Any:
    """How many database connections the events process holds."""

    def count() -> int:
        database = configured.DATABASES["default"]
        with (
            closing(
                psycopg2.connect(
                    dbname=database["NAME"], user=database["USER"], password=database["PASSWORD"] or None,
                    host=database["HOST"], port=database["PORT"],
                )
            ) as connection,
            connection.cursor() as cursor,
        ):  # fmt: skip
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'echopilot events' AND datname = current_database()"
            )
            return int(cursor.fetchone()[0])

    return count
