"""``python -m tests.servers.openai --port 8082``: run the server until interrupted."""

from __future__ import annotations

import argparse
import signal
import threading

from tests.servers.openai.server import OpenAIServer


def main() -> None:
    """Serve; faults and scripts arrive at ``/_sandbox/faults`` and ``/_sandbox/script``."""
    parser = argparse.ArgumentParser(prog="python -m tests.servers.openai", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--judge-score", type=int, default=88, help="score the judge gives")
    options = parser.parse_args()
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    with OpenAIServer(port=options.port, latency_s=options.latency, judge_score=options.judge_score) as server:
        print(f"OpenAI-compatible test server at {server.url}", flush=True)
        stopped.wait()


if __name__ == "__main__":
    main()
