"""One launcher per installation: an exclusive lock that the kernel releases however its holder ends."""

import contextlib
import fcntl
import os
from pathlib import Path
from typing import IO


class AlreadyRunning(RuntimeError):
    """Another launcher holds the lock; ``pid`` is its process."""

    def __init__(self, pid: int) -> None:
        super().__init__(f"It is running already (process {pid}). Stop it with Ctrl-C there, or with `make down`.")
        self.pid = pid


class LauncherLock:
    """``path`` holds the pid of whoever holds the lock."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def take(self) -> None:
        """Become the launcher. Raises ``AlreadyRunning``."""
        file = self._path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise AlreadyRunning(self.holder() or 0) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._file = file

    def release(self) -> None:
        """Let the next one in."""
        if self._file is not None:
            self._file.truncate(0)
            self._file.close()
            self._file = None

    def holder(self) -> int | None:
        """Process that holds the lock now, or None."""
        with contextlib.suppress(OSError, ValueError), self._path.open("r") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(file.read())
        return None
