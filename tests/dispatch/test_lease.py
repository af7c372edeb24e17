"""When a worker may start, must stop and must leave: one clock, one lease, a hand that can be forced."""

from dataclasses import replace

import pytest

from apps.dispatch.identity import new_identity
from apps.dispatch.lease import EXIT_LEASE_LOST, Lease
from apps.dispatch.session import DatabaseAway, Session
from tests.dispatch.ground import Ground


class Cut(Session):
    """A session whose connection can be cut."""

    cut = False

    def run(self, sql: str, params: object = None) -> list[tuple]:
        if self.cut:
            raise DatabaseAway(detail="cut")
        return super().run(sql, params)


class Hand:
    """A lease with its clock, its session and what it did to the process in our hands."""

    def __init__(self, ground: Ground) -> None:
        self.now = 1000.0
        self.tick = 1000.0
        self.left: list[int] = []
        self.owned: list[dict[int, int]] = []
        self.session = Cut(name="test lease")
        self.identity = new_identity()
        self.lease = Lease(
            identity=self.identity,
            conf=replace(ground.conf, heartbeat_s=3, self_fence_s=20),
            clock=lambda: self.now,
            session=self.session,
            boot={"revision": "", "slots": 1, "kinds": "[]"},
            in_flight=lambda: 3,
            last_tick=lambda: self.tick,
            on_owned=lambda sent, owned: self.owned.append(owned),
            leave=self.left.append,
        )
        self.lease.start()

    def pass_time(self, seconds: float, *, loop_moves: bool = True) -> None:
        self.now += seconds
        if loop_moves:
            self.tick = self.now


@pytest.fixture
def hand(ground: Ground) -> object:
    made = Hand(ground)
    yield made
    made.lease.stop()


def test_a_lease_is_fresh_for_twenty_seconds_and_over_after_thirty(hand: Hand) -> None:
    hand.session.cut = True
    for seconds, fresh, left in ((19, True, []), (2, False, []), (8, False, []), (2, False, [EXIT_LEASE_LOST])):
        hand.pass_time(seconds)
        assert not hand.lease.beat()
        assert (hand.lease.is_fresh(), hand.left) == (fresh, left)
    hand.session.cut = False


def test_a_heartbeat_renews_and_reports_what_is_ours(hand: Hand, ground: Ground) -> None:
    work_id = ground.item(ground.tenant())
    ground.set(
        work_id,
        state="running",
        fence=4,
        owner=str(hand.identity.incarnation),
        deadline_at=ground.one("SELECT clock_timestamp()"),
    )
    hand.pass_time(25)
    assert not hand.lease.is_fresh()
    assert hand.lease.beat()
    assert hand.lease.is_fresh()
    assert hand.owned == [{work_id: 4}]
    assert (
        ground.one("SELECT in_flight FROM dispatch_worker WHERE incarnation = %s", [str(hand.identity.incarnation)])
        == 3
    )


def test_a_lease_that_ran_out_is_never_renewed(hand: Hand, ground: Ground) -> None:
    ground.run(
        "UPDATE dispatch_worker SET lease_until = clock_timestamp() WHERE incarnation = %s",
        [str(hand.identity.incarnation)],
    )
    assert not hand.lease.beat()
    assert hand.left == [EXIT_LEASE_LOST]
    assert ground.one(
        "SELECT lease_until < clock_timestamp() FROM dispatch_worker WHERE incarnation = %s",
        [str(hand.identity.incarnation)],
    )


def test_a_worker_whose_row_is_gone_leaves(hand: Hand, ground: Ground) -> None:
    ground.run("DELETE FROM dispatch_worker WHERE incarnation = %s", [str(hand.identity.incarnation)])
    assert not hand.lease.beat()
    assert hand.left == [EXIT_LEASE_LOST]


def test_a_loop_that_does_not_move_loses_its_lease(hand: Hand) -> None:
    hand.pass_time(59, loop_moves=False)
    assert hand.lease.beat()
    hand.pass_time(2, loop_moves=False)
    assert not hand.lease.beat()
    assert hand.left == []
    hand.pass_time(29, loop_moves=False)
    hand.lease.beat()
    assert hand.left == [EXIT_LEASE_LOST]


def test_ending_a_lease_frees_the_items_at_once(hand: Hand, ground: Ground) -> None:
    hand.lease.stop()
    assert ground.one(
        "SELECT lease_until <= clock_timestamp() AND draining FROM dispatch_worker WHERE incarnation = %s",
        [str(hand.identity.incarnation)],
    )


def test_no_thread_of_a_session_survives_a_refused_statement(ground: Ground) -> None:
    session = Session(name="test")
    with pytest.raises(Exception, match="does not exist"):
        session.run("SELECT * FROM nowhere")
    assert session.run("SELECT 1") == [(1,)]
    ground.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'echopilot test'")
    with pytest.raises(DatabaseAway):
        session.run("SELECT 1")
    assert session.run("SELECT 2") == [(2,)]
    session.close()
