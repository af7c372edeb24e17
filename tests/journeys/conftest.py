"""Journeys drive a whole installation with real processes, in a folder of their own, from the dump the test template gives."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from playwright.sync_api import Browser, sync_playwright

from apps.core.embedded import dump
from apps.core.embedded.lockfile import LauncherLock
from apps.core.embedded.places import ROOT, Places
from tests import ground
from tests.conftest import SLOT
from tests.portal.pictures import CHROMIUM, CHROMIUM_FLAGS, sign_in

START_WITHIN_S = 240
NOT_HANDED_ON = ("DATABASE_URL", "BROKER_URL", "DJANGO_SETTINGS_MODULE", "ECHOPILOT_ENV_FILES")


class Installation:
    """One `make run` without the installing: start it, read its lines, look at its processes, stop it."""

    def __init__(self, var: Path, *, settings: dict[str, str]) -> None:
        self.places = Places(var)
        self._settings = settings
        self.process: subprocess.Popen[str] | None = None
        self._output = var / "launcher.out"

    def start(self, *arguments: str) -> "Installation":
        """Start the launcher; it runs in a session of its own, as in a terminal of its own."""
        environment = {name: value for name, value in os.environ.items() if name not in NOT_HANDED_ON}
        with self._output.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "apps.core.embedded.up", *arguments], cwd=ROOT, stdin=subprocess.DEVNULL, text=True,
                stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
                env={**environment, **self._settings, "ECHOPILOT_VAR": str(self.places.var)},
            )  # fmt: skip
        return self

    def wait_until_ready(self) -> str:
        """Everything printed until it serves."""
        self.wait_for(
            lambda: "Ready after" in self.printed() or self.process.poll() is not None, within_s=START_WITHIN_S
        )
        assert self.process.poll() is None, self.printed()
        return self.printed()

    def wait_for(self, condition: Callable[[], bool], *, within_s: float = 60) -> None:
        """Wait for something to become true."""
        until = time.monotonic() + within_s
        while not condition():
            assert time.monotonic() < until, self.printed()
            time.sleep(0.2)

    def printed(self) -> str:
        """Its output so far."""
        return self._output.read_text()

    def end(self, number: int) -> int:
        """Send a signal to the launcher and wait for its exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout=90)

    @property
    def port(self) -> str:
        """Port of its web pages."""
        return self.settings()["PUBLIC_PORT"]

    @property
    def workspace(self) -> str:
        """Address of the demo workspace."""
        return f"http://demo.localhost:{self.port}"

    @property
    def platform(self) -> str:
        """Address of the platform's own host."""
        return f"http://localhost:{self.port}"

    def settings(self) -> dict[str, str]:
        """What it handed out."""
        lines = (self.places.run / "embedded.env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    def manage(self, *arguments: str) -> str:
        """What a management command prints, run beside the installation as its operator would."""
        inherited = {name: value for name, value in os.environ.items() if name not in NOT_HANDED_ON}
        command = [sys.executable, "manage.py", *arguments]
        environment = {**inherited, **self._settings, **self.settings(), "ECHOPILOT_VAR": str(self.places.var)}
        return subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout

    def processes(self) -> dict[str, psutil.Process]:
        """Its processes by name, the launcher and the servers left out."""
        import json

        entries = json.loads((self.places.run / "processes.json").read_text())
        return {entry["name"]: psutil.Process(entry["pid"]) for entry in entries if psutil.pid_exists(entry["pid"])}

    def leftovers(self) -> list[str]:
        """Command lines of processes that still work for this installation."""
        mark = str(self.places.var)
        found = []
        for process in psutil.process_iter(["pid", "cmdline", "environ"]):
            told = process.info["environ"] or {}
            if process.pid != os.getpid() and (
                told.get("ECHOPILOT_VAR") == mark or mark in " ".join(process.info["cmdline"] or [])
            ):
                found.append(" ".join(process.info["cmdline"] or []))
        return found


@pytest.fixture
def installation() -> Iterator[Installation]:
    """A fresh installation, not started; whatever it leaves is stopped and removed."""
    yield from _installed(f"{SLOT.number}")


@pytest.fixture(scope="session")
def product() -> Iterator[Installation]:
    """One installation that serves, for the journeys of browsers; they stand in the xdist group ``product``.

    ``JOURNEYS_ON`` names the folder of an installation that runs already, to write journeys without waiting for a start.
    """
    if running := os.environ.get("JOURNEYS_ON"):
        yield Installation(Path(running), settings={})
        return
    for made in _installed(f"product-{SLOT.number}", ALLOW_DIRTY="true"):
        made.start("--port", "0").wait_until_ready()
        yield made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium without a window; not for the session, as Playwright's running loop would keep other tests off the database."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def state(browser: Browser, product: Installation) -> Any:
    """Cookies of the demo's owner, signed in once."""
    return sign_in(browser, SimpleNamespace(url=product.workspace, email="demo@example.com", password="echopilot-demo"))


@pytest.fixture
def opened(browser: Browser, product: Installation, state: Any) -> Iterator[Any]:
    """Opens a watched window in a language, size and looks; whatever was wrong in it fails the test."""
    from tests.journeys.windows import Windows

    windows = Windows(browser, product, state)
    yield windows.open
    windows.close()


def _installed(name: str, **settings: str) -> Iterator[Installation]:
    var = ground.FOLDER / "journeys" / name
    shutil.rmtree(var, ignore_errors=True)
    var.mkdir(parents=True)
    made = Installation(var, settings={"ECHOPILOT_CACHE": str(_cache_with_dump()), **settings})
    yield made
    from apps.core.embedded.launcher import stop_installation

    stop_installation(made.places)
    if made.process is not None:
        made.process.wait(timeout=30)
    assert LauncherLock(made.places.run / "launcher.lock").holder() is None
    shutil.rmtree(var, ignore_errors=True)


def _cache_with_dump() -> Path:
    """A cache folder that holds the dump of a migrated, empty database, taken from the test template."""
    folder = ground.FOLDER / "cache"
    folder.mkdir(parents=True, exist_ok=True)
    dump.save(ground.postgres, folder=folder, database=ground.migrated_database())
    return folder
