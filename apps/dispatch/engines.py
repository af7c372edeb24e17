"""Hosts the batch engines of a process: one for each engine kind, built when first needed, contained when they fail."""

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence

from django.db import connection

from apps.dispatch import services
from apps.dispatch.conf import DispatchConf
from apps.dispatch.contracts import BatchEngine, ClaimedWork, EngineKind, Finished, Lanes
from apps.dispatch.held import Held
from apps.dispatch.registries import work_kinds
from apps.dispatch.verdict import is_database_away, settlement_after

logger = logging.getLogger(__name__)


class EngineHost:
    """Main thread only. An engine that raises loses the items of that call: they get another try, now or by a sweep."""

    def __init__(self, *, conf: DispatchConf, held: Held, lanes: Lanes) -> None:
        self._conf = conf
        self._held = held
        self._lanes = lanes
        self._engines: dict[str, BatchEngine] = {}

    def start(self, works: Sequence[ClaimedWork]) -> None:
        """Hand freshly claimed items to their engines."""
        for kind, batch in _by_kind(works).items():
            engine = self._engine(kind)
            self._contain(engine, batch, lambda engine=engine, batch=batch: engine.start(batch, self._lanes))

    def resume(self, finished: Sequence[Finished]) -> None:
        """Hand answers to their engines; answers for items we no longer hold are dropped."""
        current = [one for one in finished if self._held.is_current(one.work)]
        if len(current) < len(finished):
            logger.info("late answers dropped", extra={"dropped": len(finished) - len(current)})
        groups: dict[str, list[Finished]] = defaultdict(list)
        for one in current:
            groups[one.work.kind].append(one)
        for kind, group in groups.items():
            engine = self._engine(kind)
            works = list({one.work.id: one.work for one in group}.values())
            self._contain(engine, works, lambda engine=engine, group=group: engine.resume(group, self._lanes))

    def drop(self, works: Sequence[ClaimedWork]) -> None:
        """Tell engines which items are not ours any more and free their slots."""
        for kind, batch in _by_kind(works).items():
            ids = [work.id for work in batch]
            try:
                self._engine(kind).settle_lost(ids)
            except Exception:
                logger.exception("engine failed to drop lost items", extra={"kind": kind})
            self._held.release(ids)

    def _contain(self, engine: BatchEngine, works: Sequence[ClaimedWork], call: Callable[[], None]) -> None:
        try:
            call()
        except Exception as error:
            away = is_database_away(error)
            logger.log(
                logging.WARNING if away else logging.ERROR,
                "engine call failed",
                exc_info=error,
                extra={"works": [work.id for work in works][:20]},
            )
            connection.close()
            mine = [work for work in works if self._held.is_current(work)]
            self.drop(mine)
            self._settle_after(error, mine)

    def _settle_after(self, error: Exception, works: Sequence[ClaimedWork]) -> None:
        try:
            services.settle([settlement_after(error, work=work, conf=self._conf) for work in works])
        except Exception as second:
            if not is_database_away(second):
                raise
            connection.close()
            logger.warning(
                "items left to the sweep: the database is away", extra={"works": [work.id for work in works][:20]}
            )

    def _engine(self, kind: str) -> BatchEngine:
        if kind not in self._engines:
            entry = work_kinds.get(kind)
            assert isinstance(entry, EngineKind)
            self._engines[kind] = entry.engine()
        return self._engines[kind]


def _by_kind(works: Sequence[ClaimedWork]) -> dict[str, list[ClaimedWork]]:
    groups: dict[str, list[ClaimedWork]] = defaultdict(list)
    for work in works:
        groups[work.kind].append(work)
    return groups
