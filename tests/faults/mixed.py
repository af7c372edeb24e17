"""``python -m tests.faults.mixed``: goal E1 for workflows that branch, loop, ask, run others, are cancelled and retried; see ``engine``."""

import sys

from tests.bench.report import FOLDER
from tests.faults.engine import main

if __name__ == "__main__":
    sys.exit(main(["--mixed", "--to", str(FOLDER), *sys.argv[1:]]))
