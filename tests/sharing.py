"""How the processes of a test run share the tests: what stands on one thing stays in one process, and what takes long begins first.

A file's tests stay together, as they share what its module fixtures set up. All journeys share one installed product, which takes
a minute to start; they are the longest piece, so they go first. Tests of ``SPREAD`` share nothing and are dealt one by one.
"""

from pathlib import PurePosixPath

import pytest
from xdist.scheduler import LoadFileScheduling

PRODUCT = "tests/journeys"
ALONE = {"tests/journeys/test_launcher.py"}  # starts and stops installations of its own
SPREAD = {"tests/isolation/test_matrix.py", "tests/hostile/test_hostile.py"}


class Sharing(LoadFileScheduling):
    """``--dist loadfile`` with the pieces above."""

    def _split_scope(self, nodeid: str) -> str:
        return piece(nodeid)


def piece(nodeid: str) -> str:
    """Name of the piece a test belongs to; a piece is never divided between processes."""
    path = nodeid.partition("::")[0]
    if path in SPREAD:
        return nodeid
    return PRODUCT if PurePosixPath(path).is_relative_to(PRODUCT) and path not in ALONE else path


def longest_first(items: list[pytest.Item]) -> None:
    """Order in place: the product's journeys, pieces with tests marked slow, the rest; within each as collected."""
    slow = {piece(item.nodeid) for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (piece(item.nodeid) != PRODUCT, piece(item.nodeid) not in slow))
