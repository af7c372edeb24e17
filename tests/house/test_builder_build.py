"""The committed canvas is what its sources build, and small enough for a phone."""

import gzip
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "apps/workflows/frontend"
BUILT = ROOT / "apps/workflows/static/workflows"
FILES = ("builder.js", "builder.css")
ASIDE = "builder-tidy.js"  # fetched only when somebody tidies up
MOST_BYTES = 100_000


def test_the_canvas_stays_within_its_weight() -> None:
    sizes = {name: len(gzip.compress((BUILT / name).read_bytes(), 9)) for name in FILES}
    assert sum(sizes.values()) <= MOST_BYTES, sizes


@pytest.mark.slow
def test_the_committed_canvas_is_what_its_sources_build(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not installed here, so the canvas cannot be built again to compare")
    if not (SOURCES / "node_modules").is_dir():
        pytest.skip("the canvas's packages are not installed here; `make builder` installs them")
    subprocess.run([node, "build.mjs", str(tmp_path)], cwd=SOURCES, check=True, timeout=120)
    for name in (*FILES, ASIDE):
        assert (tmp_path / name).read_bytes() == (BUILT / name).read_bytes(), f"{name} is stale: run `make builder`"
