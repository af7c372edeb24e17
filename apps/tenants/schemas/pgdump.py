"""Finds and runs a ``pg_dump`` that understands the server."""

import contextlib
import os
import re
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path

from django.db import connection

from apps.core.embedded.postgres import EmbeddedPostgresError, binaries

TIMEOUT_SECONDS = 120


def find_pg_dump() -> Path | None:
    """The first ``pg_dump`` at least as new as the server, or None: an older one refuses to dump."""
    major = connection.pg_version // 10000
    return next((path for path in _candidates(major) if _major(path) >= major), None)


def dump_schema(*, pg_dump: Path, schema_name: str) -> str:
    """Structure and rows of one schema as plain SQL with every name qualified. Raises ``CalledProcessError``."""
    params = connection.get_connection_params()
    environment = {**os.environ, "PGPASSWORD": str(params.get("password") or "")}
    command = [
        str(pg_dump), "--schema", schema_name, "--no-owner", "--no-privileges", "--inserts", "--no-sync",
        "--host", str(params.get("host") or ""), "--port", str(params.get("port") or ""),
        "--username", str(params.get("user") or ""), "--dbname", str(params["dbname"]),
    ]  # fmt: skip
    command = _without_empty_pairs(command)
    answer = subprocess.run(  # noqa: S603 - fixed program, no shell
        command, env=environment, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=True
    )
    return answer.stdout


def _without_empty_pairs(command: list[str]) -> list[str]:
    kept: list[str] = []
    for word in command:
        if word:
            kept.append(word)
        else:
            kept.pop()
    return kept


def _candidates(major: int) -> list[Path]:
    found = []
    with contextlib.suppress(EmbeddedPostgresError):
        found.append(binaries() / "pg_dump")
    on_path = shutil.which("pg_dump")
    found += [Path(on_path)] if on_path else []
    found.append(Path(f"/usr/lib/postgresql/{major}/bin/pg_dump"))
    return [path for path in found if path.exists()]


@lru_cache(maxsize=8)
def _major(path: Path) -> int:
    answer = subprocess.run([str(path), "--version"], capture_output=True, text=True, timeout=10, check=False)  # noqa: S603
    match = re.search(r"(\d+)(\.\d+)?\s*(\(|$)", answer.stdout)
    return int(match.group(1)) if match else 0
