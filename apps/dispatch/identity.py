"""Who this process is. The incarnation is fresh at each boot; host and pid are for people and for finding dead neighbours."""

import os
import socket
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4


@dataclass(frozen=True, kw_only=True)
class Identity:
    """One boot of one process. ``place`` names the machine's boot and the process namespace pids are counted in."""

    incarnation: UUID
    host: str
    place: str
    pid: int
    pid_started: int


def new_identity() -> Identity:
    """A fresh identity for this process; never derived from host, pid or container names, which are used again."""
    return Identity(
        incarnation=uuid4(),
        host=socket.gethostname(),
        place=_place(),
        pid=os.getpid(),
        pid_started=process_started(os.getpid()) or 0,
    )


def process_started(pid: int) -> int | None:
    """Start time of a process in clock ticks after boot (proc(5), stat field 22); None when there is none or it is a zombie."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (OSError, ValueError):
        return None
    return None if after_name[0] in "ZX" else int(after_name[19])


def is_gone(*, pid: int, pid_started: int) -> bool:
    """Whether that very process no longer exists; unsure counts as alive."""
    if not Path("/proc/self/stat").exists() or pid_started <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return process_started(pid) != pid_started


def _place() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}:{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return f"unknown:{uuid4()}"
