"""Run the sandbox: ``python -m tests.servers.notion --port 8020 --seed demo``."""

import argparse
import signal
import sys
import threading
from pathlib import Path

from tests.servers.notion.seed import plant
from tests.servers.notion.server import PARENT_PAGE_ID, TOKEN, NotionServer


def main() -> None:
    """Serve until SIGINT or SIGTERM; the state file, when given, is written every few seconds and at the end."""
    parser = argparse.ArgumentParser(prog="python -m tests.servers.notion", description=__doc__)
    parser.add_argument("--port", type=int, default=8020)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument(
        "--seed", choices=["none", "demo"], default="none", help="demo: queue rows appear once the databases do"
    )
    parser.add_argument("--state", type=Path, help="JSON file the workspace is kept in between runs")
    parser.add_argument("--calls-per-minute", type=int, default=180)
    options = parser.parse_args()
    done = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_args: done.set())
    server = NotionServer(
        port=options.port, host=options.host, per_connection=options.calls_per_minute, state_file=options.state
    )
    if options.seed == "demo":
        plant(server.store)
    with server:
        sys.stdout.write(f"Notion sandbox on {server.url}  token {TOKEN}  parent page {PARENT_PAGE_ID}" + "\n")
        sys.stdout.flush()
        saved = -1
        while not done.wait(3):
            if server.store.edits != saved:
                saved = server.store.edits
                server.save()


if __name__ == "__main__":
    main()
