"""How the loop of this process is woken: safe from any thread and from signal handlers."""

import os
import queue
import weakref

_bells: "weakref.WeakSet[Bell]" = weakref.WeakSet()


class Bell:
    """Rings are not counted: one wait takes them all. ``SimpleQueue.put`` is reentrant, which ``threading.Event`` is not."""

    def __init__(self) -> None:
        self._rings: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._look = False
        _bells.add(self)

    def ring(self, *, look: bool = False) -> None:
        """Wake the waiting thread, now or at its next wait; ``look`` asks it to look for new work as well."""
        if look:
            self._look = True
        if self._rings.empty():
            self._rings.put(None)

    def take_look(self) -> bool:
        """Whether somebody asked to look for new work since the last time."""
        asked, self._look = self._look, False
        return asked

    def wait(self, seconds: float) -> None:
        """Sleep until rung or ``seconds`` have passed."""
        try:
            self._rings.get(timeout=max(0.0, seconds))
            while True:
                self._rings.get_nowait()
        except queue.Empty:
            return


def ring_local() -> None:
    """Wake every loop of this process."""
    for bell in list(_bells):
        bell.ring(look=True)


def _forget_parent() -> None:
    _bells.clear()


os.register_at_fork(after_in_child=_forget_parent)
