"""Runs the measurements of a folder one after the other, each in a process of its own."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

RECORDS = "from tests.bench.report import"


def run_all(folder: Path, *, package: str, chosen: Sequence[str], arguments: Mapping[str, Sequence[str]]) -> int:
    """Run every module of ``folder`` that records figures, or the ``chosen`` ones; 1 when one failed or missed a goal."""
    modules = [path for path in folder.glob("*.py") if path.stem not in ("__main__", "runner")]
    names = sorted(path.stem for path in modules if RECORDS in path.read_text())
    unknown = sorted(set(chosen) - set(names))
    if unknown:
        sys.stderr.write(f"Unknown: {', '.join(unknown)}. Known: {', '.join(names)}.\n")
        return 2
    failed = []
    for name in chosen or names:
        sys.stdout.write(f"\n--- {package}.{name} {' '.join(arguments.get(name, ()))}\n")
        sys.stdout.flush()
        command = [sys.executable, "-m", f"{package}.{name}", *arguments.get(name, ())]
        if subprocess.run(command, check=False).returncode:
            failed.append(name)
    told = f"{len(chosen or names) - len(failed)} of {len(chosen or names)} met their goals"
    sys.stdout.write(f"\n{told}{'; not met: ' + ', '.join(failed) if failed else ''}\n")
    return 1 if failed else 0
