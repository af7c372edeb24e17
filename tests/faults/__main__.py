"""`make faults`: ``python -m tests.faults [--long] [name ...]``. The short form takes minutes, the long one is goal E1 in full."""

import sys
from pathlib import Path

from tests.bench.runner import run_all

LONG = {
    "engine": ["--runs", "3000", "--kills", "200", "--stops", "20", "--db-stops", "10", "--seconds", "400"],
    "mixed": ["--runs", "3000", "--kills", "200", "--stops", "20", "--db-stops", "10", "--seconds", "900"],
    "dispatch": ["--items", "3000", "--kills", "200", "--stops", "20", "--db-stops", "10", "--seconds", "400"],
}

if __name__ == "__main__":
    words = sys.argv[1:]
    names = [word for word in words if word != "--long"]
    arguments = LONG if "--long" in words else {}
    sys.exit(run_all(Path(__file__).parent, package="tests.faults", chosen=names, arguments=arguments))
