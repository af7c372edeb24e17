"""Puts a model's world into the database, performs its operations with the product's own SQL, and reads the world back."""

import time
from dataclasses import replace
from typing import Any
from uuid import uuid4

import psycopg2

from apps.dispatch import tenancy
from apps.dispatch.sql import claim, move, worker
from tests.dispatch.ground import Ground
from tests.dispatch.model import FINAL, MAX_LOSSES, NEW_EPOCH, World

BLOCKED_LOOKS = 200


class Stage:
    """One tenant, one item, two workers, and two connections an operation can run on."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.tenant_id = ground.tenant()
        self.one, self.two = uuid4(), ground.worker(lease_s=600)
        self.work_id = ground.item(self.tenant_id)
        self.actors = [self._actor(), self._actor()]
        self.watch = ground.connect()

    def _actor(self) -> Any:
        actor = self.ground.connect(autocommit=False)
        with actor.cursor() as cursor:
            cursor.execute("SET enable_seqscan = off")
            for name, (types, sql) in claim.PREPARED.items():
                cursor.execute(f"PREPARE {name}({types}) AS {sql}")
        actor.commit()
        return actor

    def enter(self, world: World) -> None:
        """Make the database show this world."""
        owner = {"one": self.one, "two": self.two, None: None}[world.owner]
        running = world.state == "running"
        lease = {"live": "60", "over": "-1", "absent": None}[world.lease_one]
        self.ground.run("DELETE FROM dispatch_worker WHERE incarnation = %s", [str(self.one)])
        if lease is not None:
            self.ground.run(
                "INSERT INTO dispatch_worker (incarnation, host, place, pid, pid_started, revision, kinds, slots, in_flight, "
                "started_at, beat_at, lease_until, draining) VALUES (%s, 'test', 'test', 0, 0, '', '[]', 1, 0, clock_timestamp(), "
                "clock_timestamp(), clock_timestamp() + %s * interval '1 second', false)",
                [str(self.one), lease],
            )
        self.ground.run(
            "UPDATE dispatch_tenantqueue SET epoch = %s, vtime = 0, last_tag = 0 WHERE tenant_id = %s",
            [world.tenant_epoch, self.tenant_id],
        )
        self.ground.run(
            "SET session_replication_role = replica;"
            "UPDATE dispatch_workitem SET state = %(state)s, fence = %(fence)s, owner = %(owner)s, attempt = %(attempt)s,"
            " losses = %(losses)s, lost_at = CASE WHEN %(losses)s > 0 THEN clock_timestamp() END, nudges = %(nudges)s,"
            " seen_nudges = %(seen)s, epoch = %(epoch)s, parked = false, run_at = clock_timestamp(), error_code = '',"
            " evidence = '{}',"
            " deadline_at = CASE WHEN %(running)s THEN clock_timestamp() + %(left)s * interval '1 second' END,"
            " finished_at = CASE WHEN %(final)s THEN clock_timestamp() END WHERE id = %(id)s;"
            "SET session_replication_role = origin",
            {
                "state": world.state,
                "fence": world.fence,
                "owner": owner and str(owner),
                "attempt": world.attempt,
                "losses": world.losses,
                "nudges": world.nudges,
                "seen": world.seen,
                "epoch": world.epoch,
                "running": running,
                "left": -1 if world.overdue else 60,
                "final": world.state in FINAL,
                "id": self.work_id,
            },
        )

    def read(self, world: World) -> World:
        """The world as the database has it now; what no operation changes comes from ``world``."""
        state, fence, owner, attempt, losses, nudges, seen, epoch, overdue, tenant_epoch = self.ground.run(
            "SELECT w.state, w.fence, w.owner, w.attempt, w.losses, w.nudges, w.seen_nudges, w.epoch, "
            "coalesce(w.deadline_at <= clock_timestamp(), false), t.epoch FROM dispatch_workitem w "
            "JOIN dispatch_tenantqueue t USING (tenant_id) WHERE w.id = %s",
            [self.work_id],
        )[0]
        names = {str(self.one): "one", str(self.two): "two"}
        return replace(
            world,
            state=state,
            fence=fence,
            owner=names.get(str(owner)),
            attempt=attempt,
            losses=losses,
            nudges=nudges,
            seen=seen,
            epoch=epoch,
            overdue=overdue,
            tenant_epoch=tenant_epoch,
        )

    def perform(self, name: str, actor: Any, world: World) -> object:
        """Run one operation on a connection, without committing. A refusal by the database comes back as its message."""
        try:
            with actor.cursor() as cursor:
                return getattr(self, f"_{name}")(cursor, world)
        except psycopg2.Error as error:
            return f"{type(error).__name__}: {error.pgcode}"

    def is_blocked(self, actor: Any) -> bool:
        """Whether that connection waits for a lock."""
        with self.watch.cursor() as cursor:
            cursor.execute("SELECT wait_event_type FROM pg_stat_activity WHERE pid = %s", [actor.info.backend_pid])
            return cursor.fetchone()[0] == "Lock"

    def wait_until_blocked_or(self, actor: Any, finished: Any) -> bool:
        """Wait until the operation waits for a lock (True) or has ended (False)."""
        for _ in range(BLOCKED_LOOKS):
            if finished.wait(0.001):
                return False
            if self.is_blocked(actor):
                return True
        raise AssertionError("the operation neither ended nor waits for a lock")

    def _claim(self, cursor: Any, _: World) -> object:
        cursor.execute(claim.PROMOTE_AND_SURVEY, {"page": 10, "kinds": ["test.noop"], "queues": ["default"]})
        if not cursor.fetchall():
            return None
        cursor.execute(
            claim.HOLD_AND_TAKE,
            {
                "worker": str(self.two),
                "tenants": [self.tenant_id],
                "kinds": ["test.noop"],
                "queues": ["default"],
                "wanted": [5],
                "before": [0],
                "floor": 0.0,
                "grace": 15.0,
            },
        )
        rows = cursor.fetchall()
        return rows[0][6] if rows else None

    def _heartbeat(self, cursor: Any, _: World) -> object:
        cursor.execute(
            worker.HEARTBEAT,
            {"worker": str(self.one), "lease": 60, "in_flight": 1, "draining": False, "wall": time.time()},
        )
        return cursor.rowcount == 1

    def _settle(self, cursor: Any, world: World, target: str) -> object:
        cursor.execute(
            move.SETTLE,
            {
                "ids": [self.work_id],
                "fences": [world.known_fence],
                "targets": [target],
                "delays": [0.0],
                "counted": [True],
                "errors": [""],
                "evidence": ["{}"],
                "keeps": [0.0],
            },
        )
        return bool(cursor.fetchall())

    def _settle_done(self, cursor: Any, world: World) -> object:
        return self._settle(cursor, world, "done")

    def _settle_waiting(self, cursor: Any, world: World) -> object:
        return self._settle(cursor, world, "waiting")

    def _settle_review(self, cursor: Any, world: World) -> object:
        return self._settle(cursor, world, "review")

    def _release(self, cursor: Any, _: World) -> object:
        cursor.execute(move.RELEASE, {"worker": str(self.one)})
        return bool(cursor.fetchall())

    def _sweep(self, cursor: Any, _: World) -> object:
        cursor.execute(worker.SWEEP, {"page": 10, "after_at": "-infinity", "after_id": 0, "max_losses": MAX_LOSSES})
        return bool(cursor.fetchall())

    def _subject(self) -> dict[str, object]:
        return {"tenant_id": self.tenant_id, "kind": "test.noop", "ref": "r1", "reason": "test"}

    def _nudge(self, cursor: Any, _: World) -> object:
        cursor.execute(move.NUDGE, self._subject())
        return None

    def _cancel(self, cursor: Any, _: World) -> object:
        cursor.execute(move.CANCEL, self._subject())
        return bool(cursor.fetchall())

    def _redrive(self, cursor: Any, _: World) -> object:
        cursor.execute(move.REDRIVE, {"id": self.work_id, "actor": "test", "reason": "test"})
        return bool(cursor.fetchall())

    def _bump_epoch(self, cursor: Any, _: World) -> object:
        cursor.execute(tenancy.SET_EPOCH, {"tenant_id": self.tenant_id, "epoch": NEW_EPOCH})
        cursor.execute(worker.VOID_EPOCHS, {"tenant_id": self.tenant_id})
        return None
