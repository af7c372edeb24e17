"""Where measurements run: a PostgreSQL that keeps its promises (fsync on, stock settings) with a migrated database.

with setting() as place:          # before anything of Django is imported
    from apps.dispatch.facade import enqueue
"""

import contextlib
import fcntl
import gzip
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from apps.core.embedded.postgres import EmbeddedPostgres, binaries
from apps.core.embedded.valkey import EmbeddedValkey
from tests import ground

FOLDER = ground.FOLDER.parent / "bench"
DATABASE = "bench"


@dataclass(frozen=True)
class Place:
    """The servers of one measurement."""

    postgres: EmbeddedPostgres
    valkey: EmbeddedValkey

    def pgbench(self, script: str, *, clients: int, seconds: int = 5, scale: int | None = None) -> float:
        """Transactions per second of ``script`` (pgbench's language), prepared statements, this server and database."""
        path = FOLDER / "pgbench.sql"
        path.write_text(script)
        command = [
            binaries() / "pgbench",
            "-n",
            "-M",
            "prepared",
            "-c",
            clients,
            "-j",
            min(clients, 2),
            "-T",
            seconds,
            "-f",
            path,
        ]
        if scale is not None:
            command += ["-s", scale]
        done = subprocess.run([str(part) for part in [*command, self.postgres.url(DATABASE)]],
                              check=True, capture_output=True, text=True)  # fmt: skip
        return float(re.search(r"tps = ([\d.]+)", done.stdout)[1])


@contextlib.contextmanager
def setting(*, postgres_settings: dict[str, str] | None = None, folder: Path = FOLDER) -> Iterator[Place]:
    """Start the servers, fill the database with the migrated template (acme and globex in it), set up Django; stop after.

    One at a time in one ``folder``: measurements share theirs, or they would measure each other.
    """
    for place in (FOLDER, folder):
        place.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield from _setting(postgres_settings or {}, folder)


def _setting(postgres_settings: dict[str, str], folder: Path) -> Iterator[Place]:
    dump = _migrated_dump()
    place = Place(
        postgres=EmbeddedPostgres(folder / "postgres", settings=postgres_settings),
        valkey=EmbeddedValkey(folder / "valkey"),
    )
    place.postgres.stop()
    place.postgres.start()
    place.valkey.start()
    try:
        _fill(place.postgres, dump)
        os.environ |= {
            "DATABASE_URL": place.postgres.url(DATABASE),
            "BROKER_URL": place.valkey.url(),
            "DJANGO_SETTINGS_MODULE": "echopilot.settings.test",
            "ECHOPILOT_ENV_FILES": "none",
            "ECHOPILOT_VAR": str(FOLDER / "files"),
            "ALLOW_DIRTY": "true",
        }
        import django

        django.setup()
        yield place
    finally:
        _close_django_connections()
        place.valkey.stop()
        place.postgres.stop(mode="immediate")


def _migrated_dump() -> bytes:
    """The test template as SQL, made once per code version."""
    path = FOLDER / f"template-{ground.template_digest()}.sql.gz"
    if path.exists():
        return gzip.decompress(path.read_bytes())
    slot = ground.enter()
    try:
        ground.fill(slot.database)
        dumped = subprocess.run([binaries() / "pg_dump", "--no-owner", "--dbname", ground.postgres.url(slot.database)],
                                check=True, capture_output=True).stdout  # fmt: skip
    finally:
        ground.leave(slot)
    for old in FOLDER.glob("template-*.sql.gz"):
        old.unlink()
    path.write_bytes(gzip.compress(dumped, compresslevel=1))
    return dumped


def _fill(server: EmbeddedPostgres, dump: bytes) -> None:
    run = {
        "stdout": subprocess.DEVNULL,
        "env": {**os.environ, "PGOPTIONS": "-c client_min_messages=warning"},
    }
    quiet = [str(binaries() / "psql"), "-q", "-X", "-v", "ON_ERROR_STOP=1"]
    subprocess.run([*quiet, "-c", f"DROP DATABASE IF EXISTS {DATABASE}", server.url("postgres")], check=True, **run)
    subprocess.run([*quiet, "-c", f"CREATE DATABASE {DATABASE}", server.url("postgres")], check=True, **run)
    subprocess.run([*quiet, "-1", server.url(DATABASE)], input=dump, check=True, **run)
    subprocess.run([*quiet, "-c", "VACUUM ANALYZE", "-c", "CHECKPOINT", server.url(DATABASE)], check=True, **run)


def _close_django_connections() -> None:
    with contextlib.suppress(Exception):  # nothing to close when Django was never set up
        from django.db import connections

        connections.close_all()
