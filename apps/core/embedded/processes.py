"""Which processes a run has started, on disk, so that the next run can end those a killed launcher left behind.

A process is recognised by its pid and its start time together; a pid that was given to somebody else is left alone.
"""

import contextlib
import json
import os
import signal
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

CLOCK_NOISE_S = 0.1


@dataclass(frozen=True)
class Started:
    """One process we started: the leader of a process group of its own."""

    name: str
    pid: int
    started_at: float

    @classmethod
    def of(cls, name: str, pid: int) -> "Started":
        """The process as it runs now."""
        return cls(name=name, pid=pid, started_at=psutil.Process(pid).create_time())

    def is_alive(self) -> bool:
        """Whether this very process, not another with its number, is still there."""
        try:
            process = psutil.Process(self.pid)
            is_same = bool(abs(process.create_time() - self.started_at) < CLOCK_NOISE_S)
            return is_same and bool(process.status() != psutil.STATUS_ZOMBIE)
        except psutil.Error:
            return False


class ProcessRecord:
    """The list in ``path``; written before anything is relied upon."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[int, Started] = {}

    def add(self, started: Started) -> None:
        """Remember a process."""
        self._known[started.pid] = started
        self._write()

    def remove(self, pid: int) -> None:
        """Forget a process that has ended."""
        self._known.pop(pid, None)
        self._write()

    def end_leftovers(self, *, grace_s: float = 10) -> list[str]:
        """Stop the processes of the run before; returns their names. SIGTERM first, SIGKILL after ``grace_s``."""
        leftovers = [entry for entry in self._read() if entry.is_alive()]
        for entry in leftovers:
            _signal_group(entry.pid, signal.SIGTERM)
        waiting = [psutil.Process(entry.pid) for entry in leftovers if entry.is_alive()]
        for process in psutil.wait_procs(waiting, timeout=grace_s)[1]:
            _signal_group(process.pid, signal.SIGKILL)
        for entry in leftovers:
            _signal_group(entry.pid, signal.SIGKILL)  # members that outlived their leader
        self._write()
        return [entry.name for entry in leftovers]

    def _read(self) -> list[Started]:
        try:
            return [Started(**entry) for entry in json.loads(self._path.read_text())]
        except (OSError, ValueError, TypeError):
            return []

    def _write(self) -> None:
        draft = self._path.with_suffix(".new")
        draft.write_text(json.dumps([asdict(entry) for entry in self._known.values()]))
        draft.replace(self._path)


def _signal_group(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
