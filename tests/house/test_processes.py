"""A killed launcher's processes are recognised and ended; others' are left alone."""

import json
import subprocess
import sys
import time

import psutil
import pytest

from apps.core.embedded.processes import ProcessRecord, Started
from apps.core.embedded.supervisor import Service, ServiceFailed, Supervisor

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)",
]


@pytest.fixture
def record(tmp_path):
    return ProcessRecord(tmp_path / "processes.json")


@pytest.fixture
def supervisor(tmp_path, record):
    made = Supervisor(environment={}, folder=tmp_path, logs=tmp_path, record=record, tell=lambda text: None)
    yield made
    made.stop()


def service(command, *, name="sleeper", is_ready=lambda: True, **options):
    return Service(name=name, title=name.title(), command=command, is_ready=is_ready, **options)


def test_leftovers_of_a_killed_launcher_are_ended(tmp_path, record):
    child = subprocess.Popen(SLEEP, start_new_session=True)
    record.add(Started.of("sleeper", child.pid))
    assert ProcessRecord(tmp_path / "processes.json").end_leftovers() == ["sleeper"]
    assert not psutil.pid_exists(child.pid)
    child.wait()


def test_process_that_got_the_number_of_another_is_left_alone(tmp_path):
    child = subprocess.Popen(SLEEP, start_new_session=True)
    entry = {"name": "sleeper", "pid": child.pid, "started_at": psutil.Process(child.pid).create_time() - 100}
    (tmp_path / "processes.json").write_text(json.dumps([entry]))
    assert ProcessRecord(tmp_path / "processes.json").end_leftovers() == []
    assert child.poll() is None
    child.kill()
    child.wait()


@pytest.mark.parametrize("content", ["", "{", "[1]", '[{"pid": 1}]'])
def test_damaged_record_counts_as_empty(tmp_path, content):
    (tmp_path / "processes.json").write_text(content)
    assert ProcessRecord(tmp_path / "processes.json").end_leftovers() == []


def test_dead_service_is_started_again_and_the_pause_grows(supervisor):
    dying = service([sys.executable, "-c", "raise SystemExit(3)"])
    supervisor.start(dying)
    pauses = []
    until = time.monotonic() + 20
    while len(pauses) < 2 and time.monotonic() < until:
        before = dying.again_at
        supervisor.watch_once()
        if dying.again_at != before:
            pauses.append(dying.again_at - time.monotonic())
        time.sleep(0.02)
    assert pauses[0] < 0.5 < pauses[1] <= 1.0


def test_service_that_ends_at_once_says_why(supervisor):
    dying = service([sys.executable, "-c", "raise SystemExit('no such thing')"], is_ready=lambda: False)
    supervisor.start(dying)
    with pytest.raises(ServiceFailed, match=r"exit code 1(.|\n)*no such thing"):
        supervisor.wait(dying)


def test_service_that_never_gets_ready_is_reported(supervisor):
    slow = service(SLEEP, is_ready=lambda: False, ready_within_s=0.3)
    supervisor.start(slow)
    with pytest.raises(ServiceFailed, match="not ready within"):
        supervisor.wait(slow)


def test_service_deaf_to_the_signal_is_killed_and_named(supervisor):
    deaf = service(STUBBORN, name="deaf", stop_within_s=0.3)
    supervisor.start(deaf)
    until = time.monotonic() + 10
    while b"deaf" not in supervisor.log_of("deaf").read_bytes() and time.monotonic() < until:
        time.sleep(0.05)
    assert supervisor.stop() == ["deaf"]
    assert not psutil.pid_exists(deaf.process.pid)


def test_failed_command_shows_the_end_of_its_output(supervisor):
    with pytest.raises(ServiceFailed, match=r"exit code 1(.|\n)*out of paper"):
        supervisor.run(
            name="printing",
            command=[sys.executable, "-c", "raise SystemExit('out of paper')"],
            progress=lambda line: None,
        )
