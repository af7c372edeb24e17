"""The queue's storm, short; ``--long`` for the full one."""

import subprocess
import sys

import pytest


@pytest.mark.faults
@pytest.mark.timeout(900)
def test_nothing_is_lost_and_nothing_done_twice_in_a_storm(request: pytest.FixtureRequest) -> None:
    long = request.config.getoption("--long", default=False)
    size = (
        [
            "--items",
            "3000",
            "--kills",
            "200",
            "--stops",
            "60",
            "--terms",
            "20",
            "--db-stops",
            "10",
            "--broker-faults",
            "20",
            "--seconds",
            "400",
        ]
        if long
        else ["--seconds", "30"]
    )
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.dispatch", *size], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
