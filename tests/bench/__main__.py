"""`make bench`: every measurement in this folder, one after the other, each in a process of its own."""

import subprocess
import sys
from pathlib import Path

NOT_MEASUREMENTS = {"__init__", "__main__", "report", "setting", "dispatch_worker"}


def main() -> int:
    """Exit code 1 when a measurement failed or missed its goal."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in NOT_MEASUREMENTS)
    chosen = [name for name in names if not name.startswith("_") and (len(sys.argv) == 1 or name in sys.argv[1:])]
    failed = [
        name for name in chosen if subprocess.run([sys.executable, "-m", f"tests.bench.{name}"], check=False).returncode
    ]
    sys.stdout.write(f"\n{len(chosen) - len(failed)} of {len(chosen)} measurements met their goals"
                     f"{'; not met: ' + ', '.join(failed) if failed else ''}\n")  # fmt: skip
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
