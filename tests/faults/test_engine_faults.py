"""The storm over branching, looping, asking and calling workflows, short; ``--long`` for the full one."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.__main__ import LONG

# Few leases' patience are for measurements on an idle machine; here other tests run beside it.
SHORT = ["--runs", "30", "--kills", "5", "--stops", "1", "--db-stops", "1", "--seconds", "10", "--patience", "15"]


@pytest.mark.faults
@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_branches_loops_children_and_questions_are_done_once_in_a_storm(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    size = LONG["mixed"] if request.config.getoption("--long", default=False) else SHORT
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.mixed", "--to", str(tmp_path), *size],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-3000:]
