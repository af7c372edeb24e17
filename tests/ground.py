"""The ground every test process stands on: one PostgreSQL and one Valkey for all of them, a database for each.

The servers live under ``var/test`` and are shared by every test process of this checkout, xdist workers and several
people's runs included. A process takes a numbered slot (an exclusive file lock: the kernel gives it back whatever happens
to the process). Slot 7 means database ``test_7`` and Valkey database 7. All processes also share a lock on ``users``; the
one that can take it alone is the last to leave and stops the servers.
"""

import contextlib
import fcntl
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO

import psycopg2
import redis
from psycopg2 import sql

from apps.core.embedded import fingerprint
from apps.core.embedded.postgres import EmbeddedPostgres
from apps.core.embedded.valkey import EmbeddedValkey

ROOT = Path(__file__).resolve().parents[1]
# A worker of xdist stands on the ground of the process that started it, whose own files it inherits as ECHOPILOT_VAR.
_inherited = os.environ.get("PYTEST_GROUND") if "PYTEST_XDIST_WORKER" in os.environ else None
FOLDER = Path(_inherited or Path(os.environ.get("ECHOPILOT_VAR") or ROOT / "var") / "test").absolute()
SLOTS = 512
KEPT_TEMPLATES = 2
UNSAFE_BUT_FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "400",
    "max_wal_size": "4GB",
    "statement_timeout": "100s",  # a lock nobody releases is an error with a name, before a test's own time is up
}

postgres = EmbeddedPostgres(FOLDER / "postgres", settings=UNSAFE_BUT_FAST)
valkey = EmbeddedValkey(FOLDER / "valkey", databases=SLOTS)
_held: list[IO[str]] = []


@dataclass
class Slot:
    """This process's place: its number and the locks that hold it."""

    number: int
    own: IO[str]
    users: IO[str]

    @property
    def database(self) -> str:
        """Name of the process's own database."""
        return f"test_{self.number}"

    def environment(self) -> dict[str, str]:
        """Where Django, and every process a test starts, finds the servers."""
        return {"DATABASE_URL": postgres.url(self.database), "BROKER_URL": valkey.url(self.number)}


def enter() -> Slot:
    """Start the servers when nobody has, and take the lowest free slot. Leftovers of dead processes are dropped."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with _locked("door"):
        users = _open("users")
        fcntl.flock(users, fcntl.LOCK_SH)
        postgres.start()
        valkey.start()
        slot = Slot(number=0, own=users, users=users)
        for number in range(1, SLOTS):
            if (own := _try("slots", str(number))) is not None:
                slot = Slot(number=number, own=own, users=users)
                break
        _drop_leftovers(own_slot=slot)
    return slot


def leave(slot: Slot) -> None:
    """Drop the slot's database; the last process to leave stops the servers."""
    with _locked("door"):
        drop_database(slot.database)
        slot.own.close()
        slot.users.close()
        alone = _try("users")
        if alone is not None:
            postgres.stop()
            valkey.stop()
            alone.close()


def fill(database: str) -> None:
    """(Re)create ``database`` as a copy of the migrated template, building the template when migrations changed."""
    template = _template()
    drop_database(database)
    _statement("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", database, template)


def migrated_database() -> str:
    """Name of a database with every migration and no tenant: the stage below the template."""
    _template()
    return f"template_{next(stage.digest for stage in fingerprint.stages() if stage.name == 'apps')}"


def template_digest() -> str:
    """Digest of everything the template is made from, for the code as it stands."""
    return fingerprint.stages()[-1].digest


def drop_templates() -> None:
    """Forget every template, so that the next process builds them afresh."""
    with _locked("build"):
        for name in _databases():
            if name.startswith("template_"):
                _statement("ALTER DATABASE {} IS_TEMPLATE false", name)
                drop_database(name)


@cache
def valkey_connection(number: int) -> redis.Redis:
    """This process's connection to its Valkey database."""
    return redis.Redis.from_url(valkey.url(number))


def drop_database(name: str) -> None:
    """Drop a database, throwing out whoever is connected."""
    _statement("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


@cache
def _template() -> str:
    """Name of the template for the code as this process found it; the lock keeps others from removing it meanwhile."""
    stages = fingerprint.stages()
    wanted = f"template_{stages[-1].digest}"
    lock = _open("templates", wanted)
    fcntl.flock(lock, fcntl.LOCK_SH)
    _held.append(lock)
    if not {f"template_{stage.digest}" for stage in stages} <= set(_databases()):
        with _locked("build"):
            _build(stages)
    return wanted


def _build(stages: tuple[fingerprint.Stage, ...]) -> None:
    below = "template1"
    for stage in stages:
        name = f"template_{stage.digest}"
        if name not in _databases():
            draft = f"draft_{stage.digest}"
            drop_database(draft)
            _statement("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", draft, below)
            print(f"\ntest database: {stage.title} ...", file=sys.stderr, flush=True)
            done = subprocess.run(
                [sys.executable, "-m", "tests.build_template", stage.name],
                cwd=ROOT,
                check=False,
                text=True,
                capture_output=True,
                env={
                    **os.environ,
                    "DATABASE_URL": postgres.url(draft),
                    "BROKER_URL": valkey.url(0),
                    "DJANGO_SETTINGS_MODULE": "echopilot.settings.test",
                },
            )
            if done.returncode:
                raise RuntimeError(
                    f"Building the test database failed while {stage.title}:\n{done.stdout}{done.stderr}"
                )
            _statement("ALTER DATABASE {} RENAME TO {}", draft, name)
            _statement("ALTER DATABASE {} IS_TEMPLATE true", name)
        below = name
    _drop_old_templates(keep={f"template_{stage.digest}" for stage in stages})


def _drop_old_templates(*, keep: set[str]) -> None:
    """Remove templates of other code versions, except the youngest few and any in use."""
    old = [name for name in _databases(newest_first=True) if name.startswith("template_") and name not in keep]
    for name in old[KEPT_TEMPLATES:]:
        lock = _try("templates", name)
        if lock is not None:
            _statement("ALTER DATABASE {} IS_TEMPLATE false", name)
            drop_database(name)
            lock.close()


def _drop_leftovers(*, own_slot: Slot) -> None:
    for name in _databases():
        match = re.fullmatch(r"test_(\d+)(_\w+)?", name)
        if match is None:
            continue
        number = int(match[1])
        lock = None if number == own_slot.number else _try("slots", str(number))
        if number == own_slot.number or lock is not None:
            drop_database(name)
        if lock is not None:
            lock.close()


def _databases(*, newest_first: bool = False) -> list[str]:
    with _connection() as cursor:
        cursor.execute("SELECT datname FROM pg_database ORDER BY oid")
        names = [row[0] for row in cursor.fetchall()]
    return names[::-1] if newest_first else names


def _statement(text: str, *names: str) -> None:
    with _connection() as cursor:
        cursor.execute(sql.SQL(text).format(*map(sql.Identifier, names)))


@contextlib.contextmanager
def _connection() -> Iterator["psycopg2.extensions.cursor"]:
    with contextlib.closing(psycopg2.connect(postgres.url("postgres"))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor


def _open(*parts: str) -> IO[str]:
    path = FOLDER.joinpath("locks", *parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("w")


def _try(*parts: str) -> IO[str] | None:
    """An exclusive lock, or None when another process holds it."""
    file = _open(*parts)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


@contextlib.contextmanager
def _locked(*parts: str) -> Iterator[None]:
    with _open(*parts) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
