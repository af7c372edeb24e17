"""Goal E1 in a size for the suite: kills, a PostgreSQL stop and no broker for half of the time, over real runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.faults
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("broker", ["half", "off"])
def test_nothing_is_lost_or_doubled_in_a_storm(broker: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.faults.engine", "--runs", "40", "--kills", "5", "--stops", "1", "--db-stops", "1",
               "--seconds", "8", "--broker", broker, "--patience", "10", "--to", str(tmp_path)]  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, env={**os.environ}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
