"""N2: both sides edit the same rows at random; a judge inside the sandbox notices every silent overwrite and every loss."""

import random
from dataclasses import dataclass
from typing import Any

from apps.connectors.contracts import PageChange
from apps.connectors.enums import SyncState
from apps.connectors.models import NotionConflict, NotionPush
from apps.core.errors import PlatformError
from tests.connectors.world import World
from tests.servers.notion.store import BOT_ID, PERSON_ID

Json = Any
COLUMNS = ("Plan", "Result", "Score")
SHARED = "Plan"
FAULTS = (
    {"kind": "status", "status": 500, "share": 0.01},
    {"kind": "status", "status": 529, "retry_after": 2, "share": 0.01},
    {"kind": "status_after", "status": 502, "share": 0.03, "method": "PATCH"},
    {"kind": "drop_after", "share": 0.03, "method": "PATCH"},
    {"kind": "truncated", "share": 0.02, "method": "PATCH"},
)


@dataclass
class Wish:
    """One value the app asked for, with what it had been told of the cell by then.

    Of a shared column it is told every edit; of a column of its own what the row held when it was first seen, and what it
    names itself with ``based_on``.
    """

    at: int
    value: Json
    known: Json


class TwoSided:
    """Plays ``edits`` random edits of both sides with polls, pushes, late visibility, faults and one outage of two hours."""

    def __init__(self, world: World, *, edits: int, rows: int = 20, seed: int = 3) -> None:
        self.world, self.edits = world, edits
        self.rng = random.Random(seed)
        self.step = 0
        self.told: dict[str, dict[str, Json]] = {}
        self.first: dict[str, dict[str, Json]] = {}
        self.wishes: dict[tuple[str, str], list[Wish]] = {}
        self.last_writer: dict[tuple[str, str], tuple[str, Json]] = {}
        self.history: dict[tuple[str, str], list[tuple[int, str, Json]]] = {}
        self.overwrites: list[str] = []
        self.writes = 0
        world.app.answer = self._hear
        world.store.lag = lambda: self.rng.choice((0.0, 0.0, 1.0, 30.0, 200.0))
        self.rows = [world.add(Task_Name=f"Row {number}") for number in range(rows)]
        self._original = world.store.update_page
        world.store.update_page = self._judge
        world.poll()

    def play(self) -> dict[str, float]:
        """Everything, then calm until both sides are in step."""
        outage_at = self.edits // 2
        self.world.faults(*FAULTS)
        for step in range(1, self.edits + 1):
            self.step = step
            if self.step == outage_at:
                self._outage()
            (self._person if self.rng.random() < 0.5 else self._app)()
            dice = self.rng.random()
            self.world.notion.clock.advance(self.rng.uniform(1, 40))
            if dice < 0.25:
                self._poll()
            if 0.15 < dice < 0.5:
                self.world.push()
        self._calm()
        return self.figures()

    def figures(self) -> dict[str, float]:
        """What the goal asks for."""
        return {
            "two_sided_edits": self.edits,
            "silent_overwrites": len(self.overwrites),
            "lost": len(self.lost()),
            "bot_writes": self.writes,
            "conflicts": NotionConflict.objects.count(),
            "not_in_step": NotionPush.objects.filter(state=SyncState.PENDING).count(),
            "calls_over_budget": self.world.notion.budget.over,
        }

    def lost(self) -> list[str]:
        """Last wishes that are neither in the cell, nor were there before a person's edit, nor shown as a conflict."""
        missing = []
        for (page_id, column), wishes in self.wishes.items():
            wish = wishes[-1]
            written = any(
                by == BOT_ID and _same(value, wish.value)
                for _step, by, value in self.history.get((page_id, column), [])
            )
            shown = NotionConflict.objects.filter(page__page_id=page_id, property=column)
            if not written and not any(_same(conflict.ours, wish.value) for conflict in shown):
                missing.append(f"{page_id} {column} {wish}")
        return missing

    def _judge(self, page: Json, properties: Json, *, by: str) -> None:
        """Every write of every cell passes here."""
        source = self.world.store.source(page["source"])
        self._original(page, properties, by=by)
        sent = {self.world.store.column(source, key)["name"] for key in properties}
        for column in sent & set(COLUMNS):
            key, value = (page["id"], column), self._cell(page, column)
            writer, held = self.last_writer.get(key, (BOT_ID, None))
            if by == BOT_ID:
                self.writes += 1
                wish = next((wish for wish in reversed(self.wishes.get(key, [])) if _same(wish.value, value)), None)
                if writer == PERSON_ID and not _same(held, value) and (wish is None or not _same(wish.known, held)):
                    self.overwrites.append(
                        f"step {self.step}: {column} of {page['id']}: {held!r} by {value!r} knowing {wish}"
                    )
            self.last_writer[key] = (by, value)
            self.history.setdefault(key, []).append((self.step, by, value))

    def _cell(self, page: Json, column: str) -> str:
        return str(self.world.cells(page["id"])[column])

    def _hear(self, change: PageChange) -> None:
        self.told[change.page_id] = dict(change.values)
        if change.version == 1:
            self.first[change.page_id] = dict(change.values)

    def _person(self) -> None:
        page_id, column = self.rng.choice(self.rows), self.rng.choice(COLUMNS)
        value = str(10_000 + self.step) if column == "Score" else f"person {self.step}"
        self.world.edit(page_id, **{column: value})

    def _app(self) -> None:
        page_id = self.rng.choice(self.rows)
        columns = self.rng.sample(COLUMNS, self.rng.randint(1, 2))
        values = {column: self.step if column == "Score" else f"app {self.step}" for column in columns}
        told = self.told.get(page_id)
        informed = told is not None and self.rng.random() < 0.5
        for column in columns:
            source = told if informed or column == SHARED else self.first.get(page_id)
            known = source.get(column) if source else None
            self.wishes.setdefault((page_id, column), []).append(Wish(at=self.step, value=values[column], known=known))
        self.world.upsert(f"row-{page_id}", page_id=page_id, values=values, based_on=told if informed else None)

    def _outage(self) -> None:
        self.world.faults({"kind": "status", "status": 503})
        for _minute in range(120):
            self.world.notion.clock.advance(60)
            if self.rng.random() < 0.3:
                (self._person if self.rng.random() < 0.5 else self._app)()
            if _minute % 5 == 0:
                self._poll()
                self.world.push()
        self.world.faults(*FAULTS)

    def _poll(self) -> None:
        try:
            self.world.poll(after=0)
        except PlatformError:
            return

    def _calm(self) -> None:
        self.world.faults()
        for _round in range(30):
            self.world.notion.clock.advance(120)
            self._poll()
            self.world.push(rounds=2, after=5)


def _same(one: Json, other: Json) -> bool:
    return str("" if one is None else one) == str("" if other is None else other)
