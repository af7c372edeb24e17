"""A dump of the freshly migrated database, so that the minute dj-stripe's migrations take is spent once per version.

The dump is keyed by the fingerprint of everything that shapes it; a dump of other code is never used.
"""

import contextlib
import gzip
import os
import subprocess
from pathlib import Path

import psycopg2

from apps.core.embedded.fingerprint import stages
from apps.core.embedded.postgres import EmbeddedPostgres, binaries


def restore(server: EmbeddedPostgres, *, folder: Path, database: str = "echopilot") -> bool:
    """Fill an empty database from the cached dump. False when there is no dump for this code."""
    path = _path(folder)
    if not path.exists():
        return False
    _psql(server, database, gzip.decompress(path.read_bytes()))
    return True


def save(server: EmbeddedPostgres, *, folder: Path, database: str = "echopilot") -> None:
    """Keep a dump of the database when there is none for this code yet and no tenant lives in it."""
    path = _path(folder)
    if path.exists() or _has_tenants(server, database):
        return
    dumped = subprocess.run(  # noqa: S603
        [binaries() / "pg_dump", "--no-owner", "--no-privileges", "--dbname", server.url(database)],
        check=True, capture_output=True,
    ).stdout  # fmt: skip
    for old in folder.glob("migrated-*.sql.gz"):
        old.unlink()
    draft = path.with_suffix(".new")
    draft.write_bytes(gzip.compress(dumped, compresslevel=6))
    draft.replace(path)


def _path(folder: Path) -> Path:
    digest = next(stage.digest for stage in stages() if stage.name == "apps")
    return folder / f"migrated-{digest}.sql.gz"


def _psql(server: EmbeddedPostgres, database: str, script: bytes) -> None:
    done = subprocess.run(  # noqa: S603
        [binaries() / "psql", "--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--single-transaction",
         "--output", os.devnull, "--dbname", server.url(database)],
        input=script, check=False, capture_output=True,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"The cached dump could not be loaded: {done.stderr.decode(errors='replace')[-500:]}")


def is_empty(server: EmbeddedPostgres, database: str = "echopilot") -> bool:
    """Whether nothing was ever migrated there."""
    return not _value(server, database, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")


def _has_tenants(server: EmbeddedPostgres, database: str) -> bool:
    return bool(_value(server, database, "SELECT count(*) FROM tenants_tenant"))


def _value(server: EmbeddedPostgres, database: str, query: str) -> int:
    with contextlib.closing(psycopg2.connect(server.url(database))) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        return int(cursor.fetchone()[0])
