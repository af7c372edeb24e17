"""The events process as it runs in production: uvicorn in a process of its own, against this test process's database."""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, suppress
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


@pytest.fixture
def server(committed_notices: None) -> Iterator[Server]:
    """A running events process."""
    port = free_port()
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "echopilot.settings.test", "LOG_LEVEL": "WARNING"}
    command = [sys.executable, "-m", "uvicorn", "echopilot.events:application", "--port", str(port), "--no-access-log",
               "--timeout-graceful-shutdown", "1", "--log-level", "warning"]  # fmt: skip
    process = subprocess.Popen(command, env=environment)
    made = Server(port=port, pid=process.pid, process=process)
    try:
        until = time.monotonic() + 30
        while time.monotonic() < until and process.poll() is None:
            with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/events/healthz", timeout=1):
                break
            time.sleep(0.1)
        yield made
    finally:
        made.close()
        process.terminate()
        process.wait(timeout=10)


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
