"""`make run` with real processes: it serves, ends cleanly, and starts again after anything was killed."""

import os
import signal
import urllib.request

import psutil
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.journey, pytest.mark.timeout(900)]


def fetch(url: str, *, host: str = "localhost") -> tuple[int, str]:
    """Status and body of a page."""
    request = urllib.request.Request(url, headers={"Host": host})
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def is_ready(address: str) -> bool:
    try:
        return fetch(f"{address}/readyz")[0] == 200
    except OSError:
        return False


def test_starts_serves_revives_and_stops(installation):
    printed = installation.start("--port", "0").wait_until_ready()
    settings = installation.settings()
    address = f"http://127.0.0.1:{settings['PUBLIC_PORT']}"
    assert f"http://demo.localhost:{settings['PUBLIC_PORT']}/" in printed
    assert fetch(f"{address}/readyz")[0] == 200
    assert fetch(f"{address}/accounts/login/", host="demo.localhost")[0] == 200
    assert fetch(f"{address}/", host="nobody.localhost")[0] == 404
    assert set(installation.processes()) == {"notion-sandbox", "local-model", "web", "events", "worker", "celery"}

    second = type(installation)(installation.places.var, settings=installation._settings)
    second._output = installation.places.var / "second.out"
    assert second.start().process.wait(timeout=60) == 1
    assert "running already" in second.printed()

    for name in ("web", "worker"):
        before = installation.processes()[name]
        os.killpg(before.pid, signal.SIGKILL)
        installation.wait_for(lambda name=name, before=before: installation.processes().get(name, before) != before)
    installation.wait_for(lambda: is_ready(address))
    assert "killed by SIGKILL" in installation.printed()

    postmaster = int((installation.places.var / "postgres" / "postmaster.pid").read_text().split()[0])
    os.kill(postmaster, signal.SIGKILL)
    installation.wait_for(lambda: "PostgreSQL ended; starting it again" in installation.printed())
    installation.wait_for(lambda: is_ready(address))

    assert installation.end(signal.SIGINT) == 0
    assert "EchoPilot has stopped." in installation.printed()
    assert installation.leftovers() == []
    assert not (installation.places.run / "embedded.env").exists()


def test_starts_again_after_the_launcher_was_killed(installation):
    installation.start("--port", "0", "--without", "celery").wait_until_ready()
    orphans = installation.processes()
    installation.end(signal.SIGKILL)
    assert all(process.is_running() for process in orphans.values())

    printed = installation.start("--port", "0", "--without", "celery").wait_until_ready()
    assert "stopped what an earlier run had left behind" in printed
    assert not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in orphans.values())
    assert installation.end(signal.SIGTERM) == 0
    assert installation.leftovers() == []
