"""A worker takes no work from a checkout that differs from its commit, at the start and while it runs."""

import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from apps.core import revision
from apps.core.revision import DirtyRevision
from apps.dispatch.process import build_loop
from apps.workflows.conf import RUN_KIND
from tests.tasks.driving import Office


@pytest.fixture
def checkout(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clean checkout of its own, from which the code seems to run."""

    def git(*arguments: str) -> None:
        subprocess.run(
            ["git", "-C", str(tmp_path), "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments],
            check=True,
            capture_output=True,
        )

    git("init")
    (tmp_path / "code.py").write_text("a = 1\n")
    git("add", "code.py")
    git("commit", "-m", "Start")
    settings.BASE_DIR, settings.ALLOW_DIRTY = tmp_path, False
    monkeypatch.setattr(revision, "_cache", revision._Cache())
    return tmp_path


def until(condition: Callable[[], bool], *, seconds: float = 30) -> bool:
    """Whether it became true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def test_a_worker_does_not_start_from_a_dirty_checkout(office: Office, checkout: Path) -> None:
    (checkout / "new.py").write_text("b = 2\n")
    with pytest.raises(DirtyRevision):
        build_loop(kinds=[RUN_KIND], broker=False)


def test_a_running_worker_stops_taking_work_while_the_checkout_is_dirty(office: Office, checkout: Path) -> None:
    loop = build_loop(kinds=[RUN_KIND], broker=False)

    def work() -> None:
        try:
            loop.run()
        finally:
            connections.close_all()

    worker = threading.Thread(target=work)
    worker.start()
    try:
        (checkout / "code.py").write_text("a = 3\n")
        loop.tick()
        assert until(lambda: loop.housekeeper.refusal is not None)
        task = office.send()
        time.sleep(1)
        assert office.view(task.id).state == "new"
        (checkout / "code.py").write_text("a = 1\n")
        loop.tick()
        assert until(lambda: office.view(task.id).state == "done")
    finally:
        loop.stop()
        worker.join(30)
    assert not worker.is_alive()
