"""One line of JSON per measurement, with what it takes to judge it later: code, machine, day."""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "measurements"
Figure = float | int | str | bool | None


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a figure has to reach: at least or at most this much."""

    at_least: float | None = None
    at_most: float | None = None

    def holds(self, value: float) -> bool:
        """Whether ``value`` reaches it."""
        return (self.at_least is None or value >= self.at_least) and (self.at_most is None or value <= self.at_most)

    def __str__(self) -> str:
        return f">= {self.at_least:g}" if self.at_least is not None else f"<= {self.at_most:g}"


def record(*, goal: str, figures: Mapping[str, Figure], targets: Mapping[str, Target] | None = None, note: str = "",
           folder: Path = FOLDER) -> bool:  # fmt: skip
    """Print the figures of one measurement, append them to ``docs/measurements/<goal>.jsonl``; False when a target is missed.

    ``note`` says what limits the figures. Names carry their unit: ``p95_ms``, ``runs_per_s``.
    """
    targets = targets or {}
    unknown = set(targets) - set(figures)
    if unknown:
        raise ValueError(f"No figure for the targets {', '.join(sorted(unknown))}.")
    missed = [name for name, target in targets.items() if not target.holds(float(figures[name]))]
    entry = {
        "goal": goal,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "revision": revision(),
        "machine": machine(),
        "figures": dict(figures),
        "targets": {name: str(target) for name, target in targets.items()},
        "missed": missed,
        "note": note,
    }
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{goal}.jsonl").open("a") as file:
        file.write(json.dumps(entry, ensure_ascii=False) + "\n")
    _print(entry, targets)
    return not missed


def revision() -> str:
    """The commit measured, with ``+changes`` when the checkout had uncommitted ones."""
    try:
        commit = _git("rev-parse", "--short=12", "HEAD")
        return commit + ("+changes" if _git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def machine() -> dict[str, Figure]:
    """Class of processor, cores this process may use, load before, Python."""
    model = ""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [
            line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if line.startswith("model name")
        ]
        model = names[0] if names else ""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cpu": model or platform.machine(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": round(memory),
        "load_1m": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
    }


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def _print(entry: Mapping[str, object], targets: Mapping[str, Target]) -> None:
    machine_ = entry["machine"]
    write = sys.stdout.write
    write(f"\n{entry['goal']}  at {entry['revision']}  on {machine_['cores']} cores, load {machine_['load_1m']}\n")
    for name, value in entry["figures"].items():
        shown = f"{value:,.4g}" if isinstance(value, float) else f"{value:,}" if type(value) is int else str(value)
        verdict = ""
        if name in targets:
            verdict = f"   goal {targets[name]}: {'MISSED' if name in entry['missed'] else 'met'}"
        write(f"  {name:<36} {shown:>14}{verdict}\n")
    if entry["note"]:
        write(f"  {entry['note']}\n")
    sys.stdout.flush()
