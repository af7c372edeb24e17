"""What a person at the terminal sees: one line per step with its time, and what moves inside a long step."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

QUIET_INTERVAL_S = 5.0


class Console:
    """Prints steps. On a terminal the running step's latest news replaces itself; elsewhere it appears every few seconds."""

    def __init__(self) -> None:
        self._live = sys.stdout.isatty()
        self._step = ""
        self._since = self._told = time.monotonic()

    @contextmanager
    def step(self, title: str) -> Iterator["Console"]:
        """One step; its line ends with the seconds it took, or says that it failed. ``done`` may change the title."""
        self._step, self._since = title, time.monotonic()
        self._told = self._since
        self.news("")
        try:
            yield self
        except Exception:
            self._line("FAILED", self._step)
            raise
        except BaseException:
            self._line("ended", self._step)
            raise
        self._line("ok", self._step)

    def done(self, title: str) -> None:
        """What the step's final line shall say."""
        self._step = title

    def news(self, text: str) -> None:
        """What is going on inside the current step."""
        now = time.monotonic()
        if self._live:
            line = f"  ...   {now - self._since:5.1f} s  {self._step}  {text}"
            sys.stdout.write(f"\r\x1b[2K{line[:110]}")
        elif text and now - self._told >= QUIET_INTERVAL_S:
            self._told = now
            sys.stdout.write(f"  ...   {now - self._since:5.1f} s  {self._step}: {text[:80]}\n")
        sys.stdout.flush()

    def say(self, text: str = "") -> None:
        """A line of its own."""
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    def _line(self, mark: str, text: str) -> None:
        start = "\r\x1b[2K" if self._live else ""
        sys.stdout.write(f"{start}  {mark:<5} {time.monotonic() - self._since:5.1f} s  {text}\n")
        sys.stdout.flush()
