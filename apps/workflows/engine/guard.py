"""Lets a step's own code fail without harm to the batch it shares a transaction with.

Cheaper than one savepoint per step: nothing is sent for code that never touches the database, and one statement for code that
does, because closing the previous step's savepoint and opening the next travel together.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from django.db import connection

Answer = TypeVar("Answer")
NAME = "engine_step"


class StepGuard:
    """For the length of one transaction: ``run`` undoes what a failing piece of code wrote, and nothing else."""

    def __init__(self) -> None:
        self._exists = False
        self._marked = False
        self._busy = False

    def run(self, work: Callable[[], Answer]) -> Answer:
        """Call ``work``; when it raises, its writes and after-commit hooks are undone before the exception goes on."""
        self._marked = False
        hooks = len(connection.run_on_commit)
        try:
            with connection.execute_wrapper(self._before):
                return work()
        except BaseException:
            self._undo(hooks)
            raise

    def rehearse(self, work: Callable[[], Answer]) -> Answer:
        """Call ``work`` and undo what it wrote, whatever came of it."""
        hooks = len(connection.run_on_commit)
        answer = self.run(work)
        self._undo(hooks)
        return answer

    def _before(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001 - Django's hook
        if not self._marked and not self._busy:
            self._mark()
        return execute(sql, params, many, context)

    def _mark(self) -> None:
        self._say(f"RELEASE SAVEPOINT {NAME}; SAVEPOINT {NAME}" if self._exists else f"SAVEPOINT {NAME}")
        self._exists = self._marked = True

    def _undo(self, hooks: int) -> None:
        if self._marked and connection.connection is not None and not connection.connection.closed:
            connection.needs_rollback = False
            self._say(f"ROLLBACK TO SAVEPOINT {NAME}")
        del connection.run_on_commit[hooks:]

    def _say(self, sql: str) -> None:
        self._busy = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql)
        finally:
            self._busy = False
