"""Real processes under real faults: a fleet of workers that are killed, stopped and started again, and servers that crash.

Everything random comes from one seed. Nothing here knows what the workers do; the scenarios beside this file do.
"""

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
LOGS = ROOT / "var" / "faults"
BOOT_S = 60.0


class Fleet:
    """Keeps one process for each entry (``module:function``) alive; whatever ends is started again until the block ends.

    ``booted`` names the processes that are at work; faults hit only those.
    """

    def __init__(
        self,
        entries: Sequence[str],
        *,
        rng: random.Random,
        booted: Callable[[], set[int]],
        env: Mapping[str, str] | None = None,
    ) -> None:
        self._entries = list(entries)
        self._rng = rng
        self._booted = booted
        self._env = {**os.environ, **(env or {})}
        self._lock = threading.Lock()
        self._alive: set[int] = set()
        self._stopped: dict[int, float] = {}
        self._closing = threading.Event()
        self.exits: Counter[int] = Counter()
        self.kills = 0
        self.stops = 0

    def __enter__(self) -> Self:
        LOGS.mkdir(parents=True, exist_ok=True)
        self._log = (LOGS / f"{self._entries[0].replace(':', '.')}.log").open("wb")
        self._nursery = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.nursery", *self._entries],
            env=self._env,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._listen, self._continue)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._nursery.terminate()
        try:
            self._nursery.wait(timeout=30)
        except subprocess.TimeoutExpired:
            for pid in [self._nursery.pid, *self.pids()]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._nursery.wait()
        for thread in self._threads:
            thread.join(timeout=5)
        self._nursery.stdout.close()
        self._log.close()

    def kill_one(self) -> None:
        """SIGKILL a random worker."""
        self._signal(signal.SIGKILL)
        self.kills += 1

    def stop_one(self, seconds: float) -> None:
        """SIGSTOP a random worker and let it go on after ``seconds``."""
        pid = self._signal(signal.SIGSTOP)
        with self._lock:
            self._stopped[pid] = time.monotonic() + seconds
        self.stops += 1

    def terminate_one(self) -> None:
        """SIGTERM a random worker: it drains."""
        self._signal(signal.SIGTERM)

    def has_stopped(self) -> bool:
        """Whether a worker is still held by SIGSTOP."""
        with self._lock:
            return bool(self._stopped)

    def pids(self) -> set[int]:
        """Processes alive now."""
        with self._lock:
            return set(self._alive)

    def _signal(self, number: signal.Signals) -> int:
        until = time.monotonic() + BOOT_S
        while time.monotonic() < until:
            booted = self._booted()
            with self._lock:
                candidates = sorted(self._alive & booted - set(self._stopped))
            if candidates:
                chosen = self._rng.choice(candidates)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(chosen, number)
                    return chosen
            time.sleep(0.02)
        raise AssertionError("no worker came up")

    def _listen(self) -> None:
        for line in self._nursery.stdout:
            word, pid, *code = line.split()
            with self._lock:
                if word == "born":
                    self._alive.add(int(pid))
                elif word == "died":
                    self._alive.discard(int(pid))
                    self._stopped.pop(int(pid), None)
                    self.exits[int(code[0])] += 1

    def _continue(self) -> None:
        while not self._closing.wait(0.05):
            with self._lock:
                due = [pid for pid, until in self._stopped.items() if time.monotonic() >= until]
                for pid in due:
                    del self._stopped[pid]
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGCONT)


def storm(*, faults: Sequence[tuple[Callable[[], None], int]], seconds: float, rng: random.Random) -> Iterator[str]:
    """Carry out every fault its number of times, in random order, spread over ``seconds``; yields each one's name."""
    plan = [fault for fault, count in faults for _ in range(count)]
    rng.shuffle(plan)
    pause = seconds / max(1, len(plan))
    for fault in plan:
        time.sleep(rng.uniform(0.3, 1.7) * pause)
        fault()
        yield getattr(fault, "__name__", "fault")


def wait_until(condition: Callable[[], bool], *, seconds: float, every: float = 0.2) -> bool:
    """Whether ``condition`` came true within ``seconds``."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(every)
    return condition()
