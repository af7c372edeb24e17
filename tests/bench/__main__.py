"""`make bench`: ``python -m tests.bench [name ...]``."""

import sys
from pathlib import Path

from tests.bench.runner import run_all

if __name__ == "__main__":
    sys.exit(run_all(Path(__file__).parent, package="tests.bench", chosen=sys.argv[1:], arguments={}))
