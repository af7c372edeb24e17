"""The batch engine that dispatch drives: groups items by tenant, makes turns, keeps runs with calls under way in memory."""

import contextlib
import logging
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from django.db import connection, transaction

from apps.core.context import bind_log_context
from apps.core.errors import PlatformError
from apps.dispatch import facade as dispatch
from apps.dispatch.contracts import ClaimedWork, Finished, Lanes, Settlement
from apps.dispatch.enums import WorkState
from apps.dispatch.registries import enter_tenant
from apps.tenants.contracts import TenantRef
from apps.workflows.catalogue import ParsedVersions, config_validators
from apps.workflows.contracts import StepHandler
from apps.workflows.engine import store
from apps.workflows.engine.breaker import Breakers
from apps.workflows.engine.failures import connection_is_gone, is_contention
from apps.workflows.engine.giving_up import fail_run
from apps.workflows.engine.late import LateAnswers
from apps.workflows.engine.live import Call, LiveRun, Version
from apps.workflows.engine.sending import Ticket, send
from apps.workflows.engine.turn import Answer, Outcome, Turn
from apps.workflows.registries import step_types
from apps.workflows.rehearsal import is_rehearsal

logger = logging.getLogger(__name__)
DATABASE_PATIENCE_S = 15.0
INACTIVE_PAUSE_S = 60.0
TRIES_BEFORE_FAILING = 3


class RunEngine:
    """See ``dispatch.contracts.BatchEngine``. One per process; main thread only, except for ``_late``."""

    def __init__(self) -> None:
        self._handlers: dict[str, StepHandler] = {handler.type: handler for handler in step_types}
        self._validators = config_validators()
        self._versions = ParsedVersions()
        self._breakers = Breakers()
        self._live: dict[int, LiveRun] = {}
        self._tickets: dict[int, list[Ticket]] = defaultdict(list)
        self._late = LateAnswers()

    # -- the engine's side of the contract ----------------------------------------------------------------------------

    def start(self, batch: Sequence[ClaimedWork], lanes: Lanes) -> None:
        """Take on freshly claimed runs."""
        for (tenant_id, epoch), works in _by_tenant(batch).items():
            self._serve(tenant_id, epoch, works, [], lanes)
        self._late.keep()

    def resume(self, finished: Sequence[Finished], lanes: Lanes) -> None:
        """Take the answers of calls."""
        answers: dict[tuple[int, int], list[Answer]] = defaultdict(list)
        for one in finished:
            slip = one.token
            if not isinstance(slip, Ticket):
                raise TypeError(f"an answer came back with {type(slip).__name__} instead of a ticket")
            with contextlib.suppress(ValueError):
                self._tickets[one.work.id].remove(slip)
            if one.work.id in self._live and self._live[one.work.id].work.fence == one.work.fence:
                answers[slip.tenant_id, slip.epoch].append(Answer(one.work, slip.call, one.result, one.error))
            elif one.error is None:
                self._late.add(slip, one.result)
        for (tenant_id, epoch), group in answers.items():
            self._serve(tenant_id, epoch, [], group, lanes)
        self._late.keep()

    def settle_lost(self, work_ids: Collection[int]) -> None:
        """Forget these runs; answers that still come are kept as evidence."""
        for work_id in work_ids:
            self._live.pop(work_id, None)
            for slip in self._tickets.pop(work_id, ()):
                slip.lost = True

    # -- turns --------------------------------------------------------------------------------------------------------

    def _serve(
        self, tenant_id: int, epoch: int, works: Sequence[ClaimedWork], answers: Sequence[Answer], lanes: Lanes
    ) -> None:
        try:
            with enter_tenant(tenant_id=tenant_id, epoch=epoch) as tenant, bind_log_context(engine="workflows"):
                self._turns(tenant, works, answers, lanes)
        except PlatformError as error:
            logger.warning("tenant cannot be served", extra={"tenant": tenant_id, "code": error.code})
            self._put_back([*works, *(answer.work for answer in answers)], lanes, code=error.code)

    def _turns(self, tenant: TenantRef, works: Sequence[ClaimedWork], answers: Sequence[Answer], lanes: Lanes) -> None:
        """Make a turn for the group; when it fails for another reason than the database's absence, for each run alone, so that
        one broken run does not hold up its neighbours."""
        held = {answer.work.id: self._live[answer.work.id] for answer in answers if answer.work.id in self._live}
        under_way = {work_id: dict(live.calls) for work_id, live in held.items()}
        try:
            self._turn(tenant, works, answers, held, under_way, lanes)
        except Exception as error:
            if connection_is_gone(error):
                raise
            singles = {work.id: work for work in [*works, *(answer.work for answer in answers)]}
            logger.exception("checkpoint failed", extra={"runs": len(singles)})
            for work in singles.values():
                self._turn_alone(tenant, work, [one for one in answers if one.work.id == work.id], under_way, lanes)

    def _turn_alone(
        self,
        tenant: TenantRef,
        work: ClaimedWork,
        answers: Sequence[Answer],
        under_way: Mapping[int, dict[int, Call]],
        lanes: Lanes,
    ) -> None:
        """The same for one run, loaded afresh; a run the engine fails at three times has failed. Its answers become evidence."""
        try:
            self._turn(tenant, [] if answers else [work], answers, {}, under_way, lanes)
        except Exception as error:
            if connection_is_gone(error):
                raise
            with bind_log_context(run=work.ref):
                logger.exception("run failed in the engine", extra={"attempt": work.attempt})
            self.settle_lost([work.id])
            self._late.add_all(answers, tenant_id=tenant.id)
            self._give_back(tenant, work)
            lanes.release([work.id])

    def _give_back(self, tenant: TenantRef, work: ClaimedWork) -> None:
        last = work.attempt >= TRIES_BEFORE_FAILING
        common = {"work_id": work.id, "fence": work.fence, "error_code": "engine_error"}
        with transaction.atomic():
            if not last:
                dispatch.settle([Settlement(**common, to=WorkState.READY, delay_s=2.0 * work.attempt)])
            elif dispatch.settle([Settlement(**common, to=WorkState.DONE)]):
                message = "The engine could not carry this run on."
                fail_run(run_id=work.ref, code="engine_error", message=message, tenant_id=tenant.id)

    def _turn(
        self,
        tenant: TenantRef,
        works: Sequence[ClaimedWork],
        answers: Sequence[Answer],
        held: Mapping[int, LiveRun],
        under_way: Mapping[int, dict[int, Call]],
        lanes: Lanes,
    ) -> None:
        by_id = {answer.work.id: answer.work for answer in answers}
        fresh = [*works, *(work for work_id, work in by_id.items() if work_id not in held)]
        outcome, turn = self._patiently(tenant, fresh, list(held.values()), answers, under_way)
        lost = set(outcome.lost)
        self._late.add_all((one for one in answers if one.work.id in lost), tenant_id=tenant.id)
        self._remember(outcome, lanes)
        self._send(tenant, turn, outcome, lanes)

    def _patiently(
        self,
        tenant: TenantRef,
        fresh: Sequence[ClaimedWork],
        held: Sequence[LiveRun],
        answers: Sequence[Answer],
        under_way: Mapping[int, dict[int, Call]],
    ) -> tuple[Outcome, Turn]:
        """Make the turn; answers in hand are worth waiting for a restarting database, which then is asked what it knows.

        Two turns that tell each other's parents can meet in a deadlock; the one that gives way is made again at once.
        """
        until = time.monotonic() + DATABASE_PATIENCE_S
        pause = 0.1
        while True:
            turn = self._new_turn(tenant)
            try:
                return turn.run(fresh, held, answers, under_way), turn
            except Exception as error:
                fresh, held = [*fresh, *(live.work for live in held)], []
                for work_id in under_way:
                    self._live.pop(work_id, None)
                worth_it = bool(answers) or is_contention(error)
                if not connection_is_gone(error) or not worth_it or time.monotonic() > until:
                    raise
                logger.warning("checkpoint failed on the way, trying again", extra={"error": str(error)[:200]})
            time.sleep(pause)
            pause = min(1.0, pause * 2)
            self._reconnect(tenant)

    def _reconnect(self, tenant: TenantRef) -> None:
        connection.close()
        connection.set_tenant(tenant)

    def _new_turn(self, tenant: TenantRef) -> Turn:
        return Turn(
            tenant=tenant,
            handlers=self._handlers,
            validators=self._validators,
            breakers=self._breakers,
            versions=self._load_versions,
            is_rehearsal=lambda: is_rehearsal(tenant),
        )

    def _load_versions(self, ids: Iterable[str]) -> Mapping[str, Version]:
        found: dict[str, Version] = {}
        missing = []
        for version_id in ids:
            version = self._versions.get(version_id)
            if version is None:
                missing.append(version_id)
            else:
                found[version_id] = version
        if missing:
            for row in store.load_versions(missing):
                found[row[0]] = self._versions.put(row[0], workflow=row[1], number=row[2], definition=row[3])
        return found

    def _remember(self, outcome: Outcome, lanes: Lanes) -> None:
        for live in outcome.kept:
            self._live[live.work.id] = live
        for work_id in outcome.released:
            self._live.pop(work_id, None)
        if outcome.lost:
            logger.warning("claims were lost before their checkpoint", extra={"works": outcome.lost[:20]})
            self.settle_lost(outcome.lost)
        lanes.release([*outcome.released, *outcome.lost])

    def _send(self, tenant: TenantRef, turn: Turn, outcome: Outcome, lanes: Lanes) -> None:
        calls = outcome.calls
        if not calls:
            return

        def ticket(live: LiveRun, call: Call) -> Ticket:
            slip = Ticket(call, tenant.id, live.work.epoch, live.work)
            self._tickets[live.work.id].append(slip)
            return slip

        refusals = send(
            calls,
            handlers=self._handlers,
            lanes=lanes,
            ticket=ticket,
            on_late=self._late.add,
        )
        if refusals:
            answers = [Answer(refusal.live.work, refusal.call, None, refusal.error) for refusal in refusals]
            self._turns(tenant, [], answers, lanes)

    # -- leftovers ----------------------------------------------------------------------------------------------------

    def _put_back(self, works: Sequence[ClaimedWork], lanes: Lanes, *, code: str) -> None:
        """The tenant may not be served now: look again later, without counting it against the run."""
        by_id = {work.id: work for work in works}
        dispatch.settle(
            [
                Settlement(
                    work_id=work.id,
                    fence=work.fence,
                    to=WorkState.READY,
                    delay_s=INACTIVE_PAUSE_S,
                    count_attempt=False,
                    evidence={"put_back": code},
                )
                for work in by_id.values()
            ]
        )
        self.settle_lost(list(by_id))
        lanes.release(list(by_id))


def _by_tenant(works: Sequence[ClaimedWork]) -> dict[tuple[int, int], list[ClaimedWork]]:
    groups: dict[tuple[int, int], list[ClaimedWork]] = defaultdict(list)
    for work in works:
        groups[work.tenant_id, work.epoch].append(work)
    return groups
