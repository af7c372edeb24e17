"""Named places where a test may kill the process, to prove that no moment is special.

Off unless the environment says ``FAULT_AT=<name>`` or ``FAULT_AT=<name>:<n>`` (the n-th time the point is reached). Then the
process kills itself with SIGKILL there: no handler, no flush, as in a power cut.
"""

import os
import signal

POINTS = (
    "turn.loaded",
    "turn.fenced",
    "checkpoint.before_commit",
    "checkpoint.after_commit",
    "intent.before_commit",
    "intent.after_commit",
    "mark.before_commit",
    "mark.after_commit",
    "call.before_send",
    "call.after_answer",
    "result.before_commit",
    "result.after_commit",
    "children.started",
    "parents.told",
    "find.before_send",
    "find.after_answer",
    "delivery.before_commit",
    "delivery.after_commit",
    "begin.before_commit",
)

_armed, _, _count = os.environ.get("FAULT_AT", "").partition(":")
_left = int(_count or 1)


def reach(name: str) -> None:
    """Pass a named point; dies there when it is armed."""
    if _armed:
        _strike(name)


def _strike(name: str) -> None:
    global _left  # noqa: PLW0603
    if name == _armed:
        _left -= 1
        if _left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
