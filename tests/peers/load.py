"""The same load for every peer: JSON posted to a webhook, in a burst or at a fixed pace."""

import http.client
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count

import psutil

CONNECTIONS = 8
WARM_UP = 60
TEXT = "x" * 150


@dataclass(kw_only=True)
class Door:
    """Where executions are asked for; ``taken`` counts those it took. A refusal ends the measurement: nothing is to be lost unseen."""

    port: int
    path: str
    headers: Mapping[str, str]
    accepts: bytes
    taken: int = 0
    refusal: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def opened(self) -> http.client.HTTPConnection:
        """One connection that is kept."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=180)

    def ask(self, connection: http.client.HTTPConnection, number: int) -> None:
        """Post one body of about 200 bytes; ``number`` makes it different from all others."""
        body = json.dumps({"n": number, "at": time.time(), "text": TEXT})
        connection.request("POST", self.path, body, {"Content-Type": "application/json", **self.headers})
        answer = connection.getresponse()
        said = answer.read()
        if self.accepts not in said:
            raise SystemExit(f"{self.path} answered {answer.status}: {said[:300]!r}")
        with self._lock:
            self.taken += 1

    def is_open(self) -> bool:
        """Try once. While it starts a server may be away or answer any address with a page of its own."""
        connection = self.opened()
        try:
            self.ask(connection, 0)
        except (SystemExit, OSError, http.client.HTTPException) as problem:
            self.refusal = str(problem)
            return False
        finally:
            connection.close()
        return True


def burst(door: Door, executions: int, numbers: count) -> None:
    """Ask for so many over eight connections, as fast as the answers come."""
    lock, failed = threading.Lock(), []
    left = iter(range(executions))

    def work() -> None:
        connection = door.opened()
        try:
            while True:
                with lock:
                    if next(left, None) is None or failed:
                        return
                    number = next(numbers)
                door.ask(connection, number)
        except (SystemExit, OSError, http.client.HTTPException) as problem:
            failed.append(problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _each in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise SystemExit(str(failed[0]))


def paced(door: Door, *, per_second: int, seconds: int, numbers: count) -> list[float]:
    """Ask at a fixed pace; the moments of asking, as seconds since 1970. A late answer delays nothing: eight connections take turns."""
    connections = [door.opened() for _each in range(CONNECTIONS)]
    begin, sent = time.time(), []
    for index in range(per_second * seconds):
        time.sleep(max(0.0, begin + index / per_second - time.time()))
        sent.append(time.time())
        door.ask(connections[index % CONNECTIONS], next(numbers))
    for connection in connections:
        connection.close()
    return sent


def wait_until(holds: Callable[[], bool], *, what: str, timeout_s: float = 180) -> None:
    """Look every 50 ms."""
    until = time.monotonic() + timeout_s
    while not holds():
        if time.monotonic() > until:
            raise SystemExit(f"{what}: not within {timeout_s:g} s")
        time.sleep(0.05)


def memory_mib(pids: list[int]) -> float:
    """Proportional memory of the processes and all their children, shared pages counted once."""
    family = {
        process.pid: process
        for pid in pids
        for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    }
    return sum(process.memory_full_info().pss for process in family.values()) / 2**20
