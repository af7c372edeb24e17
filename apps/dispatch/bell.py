"""How the loop of this process is woken: safe from any thread and from signal handlers."""

import os
import queue
import weakref

_bells: "weakref.WeakSet[Bell]" = weakref.WeakSet()


class Bell:
    """Rings are not counted: one wait takes them all. ``SimpleQueue.put`` is reentrant, which ``threading.Event`` is not."""

    def __init__(self) -> None:
        self._rings: queue.SimpleQueue[None] = queue.SimpleQueue()
        _bells.add(self)

    def ring(self) -> None:
        """Wake the waiting thread, now or at its next wait."""
        if self._rings.empty():
            self._rings.put(None)

    def wait(self, seconds: float) -> bool:
        """Sleep until rung or ``seconds`` have passed; True when rung."""
        try:
            if seconds <= 0:
                self._rings.get_nowait()
            else:
                self._rings.get(timeout=seconds)
        except queue.Empty:
            return False
        while True:
            try:
                self._rings.get_nowait()
            except queue.Empty:
                return True


def ring_local() -> None:
    """Wake every loop of this process."""
    for bell in list(_bells):
        bell.ring()


def _forget_parent() -> None:
    _bells.clear()


os.register_at_fork(after_in_child=_forget_parent)
