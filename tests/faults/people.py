"""The people of the mixed scenario: they settle doubts, decide (twice at once, and too late), cancel, take a cancel back, retry.

Whatever they do is done through the product's own doors; a second word, or one that comes too late, must come to nothing.
"""

import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from django.db import Error, connection

from apps.accounts.models import User
from apps.core.errors import PlatformError
from apps.tenants.facade import get_tenant, tenant_context
from apps.workflows import facade
from apps.workflows.approvals.enums import Channel
from apps.workflows.models import Approval, Run
from apps.workflows.services.clock import database_now
from tests.faults import engine_check, shapes

PEOPLE = {"acme": "owner@acme.example", "globex": "outsider@globex.example"}
NUMBER = re.compile(r"r(\d+)")
TOO_LATE_S = 20.0


class People:
    """``acts`` are what they do, round after round, each on a thread of its own; a database that is away just ends the round."""

    def __init__(self, *, url: str, rng: random.Random) -> None:
        self.url, self.rng = url, rng
        self.counts: Counter[str] = Counter()
        self._brief: dict[tuple[str, Any], Any] = {}
        self._cancel_at: dict[Any, float] = {}
        self._told: set[Any] = set()

    def acts(self) -> list[Callable[[], None]]:
        """Settling doubts; for each workspace deciding, cancelling and retrying."""
        acts: list[Callable[[], None]] = [self._settle]
        for slug in PEOPLE:
            acts += [
                lambda slug=slug: self._as_person(slug, self._decide, self._decide_too_late),  # type: ignore[misc]
                lambda slug=slug: self._as_person(slug, self._cancel, self._retry),  # type: ignore[misc]
            ]
        return acts

    def _settle(self) -> None:
        self.counts["doubts"] += engine_check.settle_doubts(self.url)

    def _as_person(self, slug: str, *acts: Callable[[str, int], None]) -> None:
        with tenant_context(get_tenant(slug=slug)):
            person = User.objects.get(email=PEOPLE[slug]).pk
            for act in acts:
                act(slug, person)

    # -- deciding -----------------------------------------------------------------------------------------------------

    def _decide(self, slug: str, person: int) -> None:
        for row in Approval.objects.filter(state="pending").select_related("run").order_by("pk")[:200]:
            if row.path.partition("#")[0] in shapes.BRIEF_STEPS:
                self._brief[slug, row.pk] = row.expires_at
                continue
            word = (row.pk, self._word(row), row.payload_hash, person)
            # Every third answer is given by two windows at the same moment.
            accepted = self._at_once(slug, [word] * 2) if self.rng.random() < 1 / 3 else self._say(*word)
            self.counts["decided"] += accepted > 0
            self.counts["decided_twice"] += max(0, accepted - 1)

    def _decide_too_late(self, slug: str, person: int) -> None:
        now = database_now()
        for (place, key), expires_at in list(self._brief.items()):
            if place != slug or now <= expires_at:
                continue
            row = Approval.objects.get(pk=key)
            accepted = self._at_once(slug, [(key, "approve", row.payload_hash, person)] * 2)
            self.counts["tried_too_late"] += 1
            self.counts["decided_too_late"] += accepted
            del self._brief[place, key]

    @staticmethod
    def _word(row: Approval) -> str:
        number = int(NUMBER.match(row.run.inputs["ref"])[1])
        if row.path == "question":
            return shapes.word_on_question(number)
        # Of each ``again`` one child is refused at first; who retries it is asked once more.
        first = not Approval.objects.filter(effect_id=row.effect_id, state="denied").exists()
        return "deny" if row.path == "gate" and first and row.run.parent_index == 1 else "approve"

    def _say(self, approval: Any, choice: str, payload_hash: str, person: int) -> bool:
        try:
            facade.decide_approval(
                approval_id=approval, choice=choice, payload_hash=payload_hash, user_id=person, channel=Channel.API
            )
        except PlatformError:
            self.counts["refused"] += 1
            return False
        return True

    def _at_once(self, slug: str, words: list[tuple[Any, str, str, int]]) -> int:
        """Say all of it at the same moment; returns how many were accepted. Raises what the database said last."""
        accepted: list[bool] = []
        broken: list[Error] = []
        start = threading.Barrier(len(words))

        def say(word: tuple[Any, str, str, int]) -> None:
            try:
                with tenant_context(get_tenant(slug=slug)):
                    start.wait(10)
                    accepted.append(self._say(*word))
            except (Error, threading.BrokenBarrierError) as error:
                start.abort()
                broken.append(error if isinstance(error, Error) else Error("the other did not come"))
            finally:
                connection.close()

        threads = [threading.Thread(target=say, args=(word,)) for word in words]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if broken:
            raise broken[-1]
        return sum(accepted)

    # -- cancelling and retrying --------------------------------------------------------------------------------------

    def _cancel(self, slug: str, person: int) -> None:
        roots = Run.objects.filter(finished_at=None, parent_id=None, version__workflow__slug__in=["halt", "map"])
        now = time.monotonic()
        for run in roots.only("id", "inputs", "version_id").select_related("version__workflow"):
            number = int(NUMBER.match(run.inputs["ref"])[1])
            due = self._cancel_at.setdefault(run.pk, now + self.rng.uniform(0.1, 2.0))
            if now < due:
                continue
            if run.version.workflow.slug == "halt":
                facade.cancel_run(run_id=run.pk, reason="not wanted any more")
                self.counts["cancelled"] += 1
            elif number // len(shapes.SHAPES) % 3 == 0 and run.pk not in self._told:
                self._change_of_mind(run.pk, person)

    def _change_of_mind(self, run_id: Any, person: int) -> None:
        try:
            facade.hold_cancel(run_id=run_id, user_id=person)
        except PlatformError:
            return
        self._told.add(run_id)
        until = time.monotonic() + 6
        while True:
            try:
                facade.undo_cancel(run_id=run_id, user_id=person)
                break
            except Error:
                connection.close()
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)
        self.counts["taken_back"] += 1

    def _retry(self, slug: str, person: int) -> None:
        for run in Run.objects.filter(state="failed", version__workflow__slug="again"):
            facade.retry_run(run_id=run.pk, actor="checker")
            self.counts["retried"] += 1
