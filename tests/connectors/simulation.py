"""N1: a day of people editing in Notion, and a ledger that says what was missed, doubled or late."""

import random
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from apps.connectors.contracts import PageChange
from apps.connectors.providers.notion import jobs
from apps.core.errors import PlatformError
from tests.connectors.world import World
from tests.servers.notion.store import PERSON_ID

Json = Any
POLL_S = 60.0
PUSH_S = 10.0
SETTLE_S = 1500
LATE = (1.0, 300.0)
FAULTS = (
    {"kind": "status", "status": 429, "retry_after": 7, "share": 0.004, "path": "/v1/"},
    {
        "kind": "status",
        "status": 429,
        "retry_after": 75,
        "reason": "public_api_space_request_rate_limit",
        "share": 0.0005,
        "path": "/v1/",
    },
    {"kind": "status", "status": 529, "retry_after": 3, "share": 0.004, "path": "/v1/"},
    {"kind": "status", "status": 500, "share": 0.004, "path": "/v1/"},
    {"kind": "status", "status": 502, "code": "bad_gateway", "share": 0.002, "path": "/v1/"},
    {"kind": "status_after", "status": 504, "share": 0.01, "method": "PATCH", "path": "/v1/pages"},
    {"kind": "drop_after", "share": 0.01, "method": "PATCH", "path": "/v1/pages"},
    {"kind": "truncated", "share": 0.002, "path": "/v1/"},
    {"kind": "html", "share": 0.002, "path": "/v1/"},
)


@dataclass
class Edit:
    """One thing a person did. ``mark`` is unique; ``left`` says the row went away before anybody could have told."""

    at: float
    page_id: str
    mark: str
    column: str
    visible_at: float
    told_at: float | None = None
    left: bool = False


@dataclass
class Ledger:
    """Everything done and everything told."""

    edits: list[Edit] = field(default_factory=list)
    open: dict[str, list[Edit]] = field(default_factory=lambda: defaultdict(list))
    told_marks: set[tuple[str, str, str]] = field(default_factory=set)
    ticks: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    started: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    doubled: int = 0
    empty: int = 0
    deliveries: int = 0

    def did(self, edit: Edit) -> None:
        """A person edited."""
        self.edits.append(edit)
        self.open[edit.page_id].append(edit)

    def gone(self, page_id: str) -> None:
        """The row left; what nobody was told of it does not count."""
        for edit in self.open.pop(page_id, []):
            edit.left = True

    def told(self, change: PageChange, *, at: float) -> None:
        """The app was told: every open edit up to the one shown is covered; the same news twice is doubled."""
        self.deliveries += 1
        for column in change.changed & {"Description", "Plan", "Task Name"}:
            if change.values[column]:
                key = (change.page_id, column, change.values[column])
                self.doubled += key in self.told_marks
                self.told_marks.add(key)
        self.started[change.page_id] += "Trigger" in change.changed and change.values["Trigger"]
        self.empty += not change.changed
        edits = self.open[change.page_id]
        for column in {edit.column for edit in edits}:
            places = [place for place, edit in enumerate(edits) if edit.column == column and _shows(change, edit)]
            for edit in edits[: max(places, default=-1) + 1]:
                if edit.column == column:
                    edit.told_at = at
        self.open[change.page_id] = [edit for edit in edits if edit.told_at is None]

    def figures(self) -> dict[str, float]:
        """What the goal asks for. Latencies count from the edit, superseded edits from their own instant too."""
        waits = sorted(edit.told_at - edit.at for edit in self.edits if edit.told_at is not None)
        seen = sorted(max(0.0, edit.told_at - edit.visible_at) for edit in self.edits if edit.told_at is not None)
        missed = [edit for edit in self.edits if edit.told_at is None and not edit.left]
        surplus = sum(max(0, count - self.ticks[page_id]) for page_id, count in self.started.items())
        return {
            "edits": len(self.edits),
            "deliveries": self.deliveries,
            "missed": len(missed),
            "doubled": self.doubled + self.empty + surplus,
            "left_before_told": sum(edit.left for edit in self.edits),
            "pickup_p50_s": _at(waits, 0.5),
            "pickup_p95_s": _at(waits, 0.95),
            "pickup_p99_s": _at(waits, 0.99),
            "pickup_p95_after_visible_s": _at(seen, 0.95),
        }


def _shows(change: PageChange, edit: Edit) -> bool:
    value = change.values[edit.column]
    return bool(value) if edit.column == "Trigger" else str(value) == edit.mark


def _at(values: list[float], share: float) -> float:
    return round(values[min(len(values) - 1, int(len(values) * share))], 1) if values else 0.0


class Day:
    """Plays edits, polls and pushes in the order of simulated time."""

    def __init__(
        self,
        world: World,
        *,
        edits: int,
        hours: float,
        rows: int,
        seed: int,
        late_share: float = 0.03,
        fault_factor: float = 1.0,
    ) -> None:
        self.world = world
        self.ledger = Ledger()
        self.rng = random.Random(seed)
        self.start = world.notion.clock.now()
        self.end = self.start + hours * 3600
        self.times = sorted(self.rng.uniform(self.start + 120, self.end) for _edit in range(edits))
        self.rows: list[str] = []
        self.away: list[str] = []
        self.binned: list[str] = []
        self.late_share = late_share
        self.fault_factor = fault_factor
        self.lag = 0.0
        self.polls_failed = 0
        self.count = 0
        world.app.answer = self._answer
        world.app.changes = _Sink()
        world.store.lag = lambda: self.lag
        for _row in range(rows):
            self.rows.append(world.add(Task_Name=f"Row {_row}"))

    def play(self) -> dict[str, float]:
        """The whole day, then calm until everything had its chance."""
        self.world.notion.faults.replace([{**fault, "share": fault["share"] * self.fault_factor} for fault in FAULTS])
        next_poll, next_push, edits = self.start + POLL_S, self.start + PUSH_S, iter([*self.times, float("inf")])
        next_edit = next(edits)
        while (now := min(next_edit, next_poll, next_push)) < self.end + SETTLE_S:
            self._move_to(now)
            if now > self.end:
                self.world.notion.faults.replace([])
            if now == next_edit:
                self._edit()
                next_edit = next(edits)
            elif now == next_poll:
                retry = self._poll()
                on_time = self.start + POLL_S * (1 + (now - self.start) // POLL_S)
                next_poll = on_time if retry is None else min(on_time, self.world.notion.clock.now() + retry)
            else:
                self.world.push()
                next_push += PUSH_S
        self._sweep()
        budget = self.world.notion.budget
        return {
            **self.ledger.figures(),
            "calls": budget.total,
            "calls_over_budget": budget.over,
            "calls_per_minute_peak": budget.peak,
            "polls_failed": self.polls_failed,
            "simulated_hours": round((self.end - self.start) / 3600, 2),
            "rows": len(self.rows),
            "faults_fired": sum(rule["fired"] for rule in self.fired),
        }

    fired: list[dict[str, Json]] = []

    def _sweep(self) -> None:
        self.world.notion.clock.advance(3700)
        self._poll()

    def _move_to(self, instant: float) -> None:
        clock = self.world.notion.clock
        clock.advance(instant - clock.now())
        if instant <= self.end:
            self.fired = self.world.notion.faults.show()

    def _poll(self) -> float | None:
        """Poll as the job does; seconds until it is tried again after a failure."""
        try:
            self.world.poll(after=0)
        except PlatformError as error:
            self.polls_failed += 1
            return jobs.retry_delay(error)
        return None

    def _answer(self, change: PageChange) -> None:
        """The app answers a tick as the product does: it takes the tick back and writes the result."""
        self.ledger.told(change, at=self.world.notion.clock.now())
        if "Trigger" in change.changed and change.values["Trigger"]:
            self.world.upsert(
                f"task-{change.page_id}-{change.version}",
                page_id=change.page_id,
                based_on=change.values,
                values={
                    "Trigger": False,
                    "Status": "Done",
                    "Result": f"answer {change.version}",
                    "Score": change.version,
                },
            )

    def _edit(self) -> None:
        late = self.rng.random() < self.late_share
        self.lag = self.rng.uniform(*LATE) if late else self.rng.uniform(0.0, 2.0)
        self.count += 1
        dice = self.rng.random()
        if dice < 0.05 or not self.rows:
            self._add()
        elif dice < 0.07:
            self._away(self.rows.pop(self.rng.randrange(len(self.rows))))
        elif dice < 0.09 and self.away:
            self._back(self.away.pop(0))
        elif dice < 0.11:
            self._bin(self.rows.pop(self.rng.randrange(len(self.rows))))
        elif dice < 0.13 and self.binned:
            self._restore(self.binned.pop(0))
        elif dice < 0.25:
            self._tick(self.rng.choice(self.rows))
        else:
            self._type(self.rng.choice(self.rows), "Description" if dice < 0.9 else "Plan")
        self.lag = 0.0

    def _note(self, page_id: str, mark: str, column: str) -> None:
        now = self.world.notion.clock.now()
        shown = self.world.store.page(page_id)["shown"]
        self.ledger.did(Edit(at=now, page_id=page_id, mark=mark, column=column, visible_at=shown[-1][0]))

    def _add(self) -> None:
        mark = f"new {self.count}"
        page_id = self.world.add(Task_Name=mark, Description=mark)
        self.rows.append(page_id)
        self._note(page_id, mark, "Description")

    def _type(self, page_id: str, column: str) -> None:
        mark = f"edit {self.count} " + "x" * self.rng.choice((0, 10, 3000))
        self.world.edit(page_id, **{column: mark})
        self._note(page_id, mark, column)

    def _tick(self, page_id: str) -> None:
        if self.world.cells(page_id)["Trigger"]:
            self._type(page_id, "Plan")
            return
        self.world.edit(page_id, Trigger=True)
        self.ledger.ticks[page_id] += 1
        self._note(page_id, "tick", "Trigger")

    def _bin(self, page_id: str) -> None:
        self.world.store.trash_page(self.world.store.page(page_id), in_trash=True, by=PERSON_ID)
        self.ledger.gone(page_id)
        self.binned.append(page_id)

    def _restore(self, page_id: str) -> None:
        self.world.store.trash_page(self.world.store.page(page_id), in_trash=False, by=PERSON_ID)
        self.rows.append(page_id)
        self._type(page_id, "Description")

    def _away(self, page_id: str) -> None:
        self.world.store.move_page(
            self.world.store.page(page_id), {"data_source_id": self.world.source("t_log")["id"]}, by=PERSON_ID
        )
        self.ledger.gone(page_id)
        self.away.append(page_id)

    def _back(self, page_id: str) -> None:
        """A row comes back empty: cells of the other database are not ours."""
        self.world.store.move_page(
            self.world.store.page(page_id), {"data_source_id": self.world.source()["id"]}, by=PERSON_ID
        )
        self.rows.append(page_id)
        self._type(page_id, "Description")


class _Sink(list):  # type: ignore[type-arg]
    """Changes are in the ledger; keeping a second copy of a day would only cost memory."""

    def append(self, _change: object) -> None:
        """Drop it."""
