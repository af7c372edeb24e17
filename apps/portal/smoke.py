"""`make smoke`: the loop over a handful of sandbox Notion rows, headless, in an installation of its own.

``python -m apps.portal.smoke [--within SECONDS]``. One line per row; exit code 1 when a row got no answer.
"""

import argparse
import json
import sys
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

from apps.core.embedded.console import Console
from apps.core.embedded.launcher import Launcher, StopAsked, given_settings
from apps.core.embedded.places import Places
from apps.core.embedded.supervisor import ServiceFailed
from apps.core.embedded.up import EXPECTED

QUEUE = "Automation Queue"
ANSWERED = {"Done": "passed", "Waiting Human": "to a person"}
ENDED = {*ANSWERED, "Failed", "Cancelled"}
OUTSIDE = ("NOTION_", "DATABASE_URL", "BROKER_URL")
Row = dict[str, Any]


def run(arguments: list[str]) -> int:
    """Start, tick every row, wait for the answers, stop. Exit code 0 when every row was answered in time."""
    parser = argparse.ArgumentParser(prog="make smoke", description=__doc__)
    parser.add_argument(
        "--within", type=float, default=45, help="Seconds the rows may take together (default: %(default)g)."
    )
    within = parser.parse_args(arguments).within
    console = Console()
    launcher = Launcher(
        places=Places.of_this_process().beside("smoke"), console=console, parts=frozenset({"worker"}), fresh=True,
        given={name: value for name, value in given_settings().items() if not name.startswith(OUTSIDE)},
    )  # fmt: skip
    code = 1
    try:
        launcher.start()
        code = _loop(launcher, console, within=within)
    except StopAsked:
        console.say("Stopped.")
    except EXPECTED as problem:
        console.say(f"\n{problem}")
    launcher.stop()
    return code


def _loop(launcher: Launcher, console: Console, *, within: float) -> int:
    sandbox = launcher.settings["NOTION_BASE_URL"]
    rows = _queue(sandbox)
    if not rows:
        raise ServiceFailed(f"The sandbox has no rows in its {QUEUE}.")
    for row in rows:
        _post(f"{sandbox}/_sandbox/edit", {"page_id": row["id"], "properties": {"Trigger": {"checkbox": True}}})
    console.say(f"\n  {'row':<36} {'score':>5} {'cost USD':>10} {'seconds':>8}  outcome")
    began = time.monotonic()
    launcher.run_manage("poll_notion", "--tenant", "demo")
    waiting = {row["id"]: row for row in rows}
    answered = 0
    for row in _endings(launcher, sandbox, waiting, until=began + within):
        answered += _value(row, "Status") in ANSWERED and bool(_value(row, "Result Summary"))
        console.say(_line(row, seconds=time.monotonic() - began))
    for row in waiting.values():
        console.say(f"  {_title(row):<36} {'':>5} {'':>10} {within:>8.1f}  NO ANSWER (status {_value(row, 'Status')})")
    console.say(f"\n  {answered} of {len(rows)} rows answered\n")
    return 0 if answered == len(rows) else 1


def _endings(launcher: Launcher, sandbox: str, waiting: dict[str, Row], *, until: float) -> Iterator[Row]:
    """Rows as they reach their end; what has none when time is up stays in ``waiting``."""
    while waiting and time.monotonic() < until:
        launcher.watch_once()
        for row in _queue(sandbox):
            if row["id"] in waiting:
                waiting[row["id"]] = row
                if _value(row, "Status") in ENDED:
                    yield waiting.pop(row["id"])
        time.sleep(0.3)


def _line(row: Row, *, seconds: float) -> str:
    score, cost = _value(row, "QA Score"), _value(row, "Cost")
    status = _value(row, "Status")
    return (f"  {_title(row):<36} {'' if score is None else f'{score:g}':>5} {'' if cost is None else f'{cost:.6f}':>10} "
            f"{seconds:>8.1f}  {ANSWERED.get(status, status)}")  # fmt: skip


def _queue(sandbox: str) -> list[Row]:
    with urllib.request.urlopen(f"{sandbox}/_sandbox/state", timeout=10) as response:  # noqa: S310
        state = json.load(response)
    return next((database["rows"] for database in state["databases"] if database["title"] == QUEUE), [])


def _post(url: str, body: Row) -> None:
    request = urllib.request.Request(url, data=json.dumps(body).encode(), method="POST")  # noqa: S310
    urllib.request.urlopen(request, timeout=10).close()  # noqa: S310


def _title(row: Row) -> str:
    return str(_value(row, "Task Name") or row["id"])[:36]


def _value(row: Row, column: str) -> Any:
    """The plain value of a cell of Notion's property shapes."""
    cell = row["properties"].get(column) or {}
    value = cell.get(cell.get("type", ""))
    if isinstance(value, list):
        return "".join(part.get("plain_text", "") for part in value)
    return value.get("name") if isinstance(value, dict) else value


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
