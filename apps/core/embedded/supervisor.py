"""Starts the product's processes, starts a dead one again, and stops them all in order.

Every process leads a group of its own, so that a Ctrl-C at the terminal reaches the launcher only, which then stops the
rest in the right order.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from apps.core.embedded.processes import ProcessRecord, Started

CALM_AFTER_S = 60.0
LONGEST_PAUSE_S = 30.0


class ServiceFailed(RuntimeError):
    """A process could not be started; the message carries the end of its log."""


@dataclass
class Service:
    """One process of the product. ``is_ready`` answers whether it serves; ``title`` is what a person reads."""

    name: str
    title: str
    command: Sequence[str]
    is_ready: Callable[[], bool]
    ready_within_s: float = 60
    stop_within_s: float = 15
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    started_at: float = 0
    deaths: int = 0
    again_at: float = 0


class Supervisor:
    """The services of one run, each started with ``environment`` over our own. One thread starts, watches and stops."""

    def __init__(self, *, environment: Mapping[str, str], folder: Path, logs: Path, record: ProcessRecord,
                 tell: Callable[[str], None]) -> None:  # fmt: skip
        self._environment, self._folder, self._logs = environment, folder, logs
        self._record, self._tell = record, tell
        self.services: list[Service] = []

    def start(self, service: Service) -> None:
        """Start it without waiting until it serves."""
        log = self.log_of(service.name)
        if service not in self.services:
            self.services.append(service)
            with contextlib.suppress(FileNotFoundError):
                log.replace(log.with_suffix(".log.1"))
        with log.open("ab") as output:
            service.process = subprocess.Popen(  # noqa: S603
                list(service.command), cwd=self._folder, env={**os.environ, **self._environment}, stdin=subprocess.DEVNULL,
                stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        service.started_at = time.monotonic()
        with contextlib.suppress(Exception):  # gone already: `wait` and `watch` will find out
            self._record.add(Started.of(service.name, service.process.pid))

    def wait(self, service: Service) -> None:
        """Wait until it serves. Raises ``ServiceFailed`` when it dies or takes longer than its time."""
        until = time.monotonic() + service.ready_within_s
        while not service.is_ready():
            code = service.process.poll() if service.process else -1
            if code is not None:
                raise ServiceFailed(f"{service.title} ended at once ({_exit(code)}).\n{self._tail(service.name)}")
            if time.monotonic() > until:
                raise ServiceFailed(
                    f"{service.title} was not ready within {service.ready_within_s:g} s.\n{self._tail(service.name)}"
                )
            time.sleep(0.1)

    def run(self, *, name: str, command: Sequence[str], progress: Callable[[str], None]) -> None:
        """Run one command to its end; each line of its output goes to ``progress``. Raises ``ServiceFailed``."""
        service = Service(name=name, title=f"`{name}`", command=command, is_ready=lambda: False)
        self.start(service)
        log, last = self.log_of(name), ""
        while (code := self._code(service)) is None:
            lines = log.read_text(errors="replace").strip().splitlines()
            last = lines[-1].strip() if lines else last
            progress(last)
            time.sleep(0.1)
        self.services.remove(service)
        if code:
            raise ServiceFailed(f"{service.title} failed ({_exit(code)}).\n{self._tail(name)}")

    def watch_once(self) -> None:
        """Start again what has died; the pause before grows with each death in a row."""
        now = time.monotonic()
        for service in self.services:
            code = self._code(service)
            if code is not None and service.process is not None:
                if now - service.started_at > CALM_AFTER_S:
                    service.deaths = 0
                pause = min(LONGEST_PAUSE_S, 2.0**service.deaths - 1)
                service.deaths += 1
                service.process, service.again_at = None, now + pause
                self._tell(f"{service.title} ended ({_exit(code)}); starting again in {pause:g} s. "
                           f"Its log: {self.log_of(service.name)}")  # fmt: skip
            if service.process is None and now >= service.again_at:
                self.start(service)

    def stop(self, services: Sequence[Service] | None = None) -> list[str]:
        """Stop them (default: all) at once, wait, kill what does not obey. Returns the names of the killed."""
        chosen = list(self.services if services is None else services)
        running = [(service, service.process) for service in chosen if self._code(service) is None and service.process]
        for _service, process in running:
            _signal_group(process.pid, signal.SIGTERM)
        killed, asked_at = [], time.monotonic()
        for service, process in running:
            try:
                process.wait(timeout=max(0.1, asked_at + service.stop_within_s - time.monotonic()))
            except subprocess.TimeoutExpired:
                killed.append(service.name)
            _signal_group(process.pid, signal.SIGKILL)
            process.wait()
            self._record.remove(process.pid)
        self.services = [service for service in self.services if service not in chosen]
        return killed

    def log_of(self, name: str) -> Path:
        """Where its output goes."""
        return self._logs / f"{name.replace(' ', '-')}.log"

    def _code(self, service: Service) -> int | None:
        if service.process is None:
            return None
        code = service.process.poll()
        if code is not None:
            self._record.remove(service.process.pid)
        return code

    def _tail(self, name: str) -> str:
        log = self.log_of(name)
        lines = log.read_text(errors="replace").splitlines()[-20:] if log.exists() else []
        return "\n".join([*(f"    {line}" for line in lines), f"    (all of it: {log})"])


def _signal_group(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _exit(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
