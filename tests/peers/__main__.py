"""The same five-step workflow on EchoPilot and on n8n, one after the other on this machine: ``python -m tests.peers``.

Both take JSON at a webhook that answers at once, run five steps without network or model, and keep the history of every
step in the same PostgreSQL server (fsync on). Load generator, database and product share the machine. Printed and kept in
``docs/measurements``: executions a second of a burst (rows that ended between 10 % and 95 % of it), latency from asking to
the end at 5 and 20 a second, memory without PostgreSQL, seconds to the first finished execution, stored bytes.
"""

import argparse
import sys
from contextlib import AbstractContextManager
from itertools import count
from statistics import median, quantiles
from typing import Protocol

import psutil

from tests.bench.report import Figure, record
from tests.bench.setting import setting
from tests.peers import n8n, ours
from tests.peers.load import WARM_UP, Door, burst, memory_mib, paced, wait_until


class Peer(Protocol):
    """A running product under load."""

    pids: list[int]
    start_s: float

    def finished_at(self) -> list[float]: ...

    def stored_bytes_per_execution(self) -> float: ...


def main() -> int:
    """Install the peer if need be, measure both, record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--executions", type=int, default=600, help="size of a burst")
    parser.add_argument("--rounds", type=int, default=3, help="bursts; their median counts")
    parser.add_argument("--seconds", type=int, default=15, help="length of each paced part")
    parser.add_argument("--only", choices=["echopilot", "n8n"], help="one of them; nothing is recorded")
    options = parser.parse_args()
    figures: dict[str, Figure] = {"n8n_version": n8n.version()}
    if options.only != "echopilot":
        n8n.install()
    with setting() as place:
        if options.only != "n8n":
            figures |= measured("echopilot", ours.running(place), options)
        if options.only != "echopilot":
            figures |= measured("n8n", n8n.running(place.postgres), options)
    if options.only:
        sys.stdout.write("".join(f"  {name:<40} {value}\n" for name, value in figures.items()))
        return 0
    figures["times_the_executions_of_n8n"] = round(float(figures["echopilot_per_s"]) / float(figures["n8n_per_s"]), 2)
    record(goal="peers-n8n", figures=figures,
           note="n8n in regular mode with its fast expression engine; EchoPilot: one web process, one Celery worker; both with history of each "
                "step in one PostgreSQL with fsync, load generator on the same cores")  # fmt: skip
    return 0


def measured(
    name: str, product: AbstractContextManager[tuple[Door, Peer]], options: argparse.Namespace
) -> dict[str, Figure]:
    """All figures of one product."""
    numbers = count(1)
    with product as (door, peer):
        figures: dict[str, Figure] = {
            f"{name}_start_s": round(peer.start_s, 1),
            f"{name}_idle_mib": round(memory_mib(peer.pids)),
        }
        many(door, peer, WARM_UP, numbers)
        for pace in (5, 20):
            taken = [1000 * one for one in latencies(door, peer, pace, options.seconds, numbers)]
            figures |= {
                f"{name}_p50_ms_at_{pace}": round(median(taken), 1),
                f"{name}_p95_ms_at_{pace}": round(quantiles(taken, n=20)[-1], 1),
            }
        busy = psutil.cpu_times()
        rates = [many(door, peer, options.executions, numbers) for _round in range(options.rounds)]
        after = psutil.cpu_times()
        figures |= {
            f"{name}_per_s": round(median(rates), 1), f"{name}_per_s_min": round(min(rates), 1), f"{name}_per_s_max": round(max(rates), 1),
            f"{name}_loaded_mib": round(memory_mib(peer.pids)), f"{name}_stored_bytes": round(peer.stored_bytes_per_execution()),
            f"{name}_cpu_s_of_machine": round(after.user + after.system - busy.user - busy.system, 1),
        }  # fmt: skip
    return figures


def many(door: Door, peer: Peer, executions: int, numbers: "count[int]") -> float:
    """One burst: executions a second between 10 % and 95 % of it."""
    burst(door, executions, numbers)
    ended = all_ended(door, peer)[-executions:]
    first, last = int(executions * 0.1), int(executions * 0.95)
    return (last - first) / max(ended[last - 1] - ended[first], 1e-6)


def latencies(door: Door, peer: Peer, per_second: int, seconds: int, numbers: "count[int]") -> list[float]:
    """Seconds from asking to the stored end, at a fixed pace."""
    sent = paced(door, per_second=per_second, seconds=seconds, numbers=numbers)
    ended = all_ended(door, peer)[-len(sent) :]
    return [end - begun for begun, end in zip(sent, ended, strict=True)]


def all_ended(door: Door, peer: Peer) -> list[float]:
    """Wait for everything the door took; when each ended, in order. More than it took would be doubled work."""
    wait_until(lambda: len(peer.finished_at()) >= door.taken, what="the end of what was asked for")
    ended = sorted(peer.finished_at())
    if len(ended) != door.taken:
        raise SystemExit(f"{door.taken} executions were asked for, {len(ended)} ran")
    return ended


if __name__ == "__main__":
    sys.exit(main())
