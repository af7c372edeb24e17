"""``python -m tests.hostile [--short] [name ...]``: goals S1 and S2, one process each."""

import sys
from pathlib import Path

from tests.bench.runner import run_all

NAMES = ("addresses", "expressions", "model", "texts")

if __name__ == "__main__":
    words = sys.argv[1:]
    arguments = {name: ["--short"] for name in NAMES} if "--short" in words else {}
    chosen = [word for word in words if word != "--short"]
    sys.exit(run_all(Path(__file__).parent, package="tests.hostile", chosen=chosen, arguments=arguments))
