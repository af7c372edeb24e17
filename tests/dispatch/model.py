"""The queue as it should behave, in a few plain rules: what real SQL is compared with.

One item, two workers, one statement after the other. Times are reduced to what matters: is a lease over, is a deadline passed.
"""

from dataclasses import dataclass, replace

MAX_LOSSES = 3
NEW_EPOCH = 2
FINAL = ("done", "dead", "cancelled")
LIVE = ("ready", "running", "waiting", "review")


@dataclass(frozen=True, kw_only=True)
class World:
    """The item and what surrounds it. ``known_fence`` is the fence worker "one" holds in memory, current or not."""

    state: str
    fence: int = 0
    owner: str | None = None
    attempt: int = 0
    losses: int = 0
    nudges: int = 0
    seen: int = 0
    epoch: int = 1
    tenant_epoch: int = 1
    known_fence: int = 0
    lease_one: str = "live"
    overdue: bool = False


Outcome = tuple[World, object]


def claim(world: World) -> Outcome:
    """Worker "two" claims."""
    if world.state != "ready" or world.epoch != world.tenant_epoch:
        return world, None
    taken = replace(
        world,
        state="running",
        owner="two",
        fence=world.fence + 1,
        attempt=world.attempt + 1,
        seen=world.nudges,
        overdue=False,
    )
    return taken, taken.fence


def heartbeat(world: World) -> Outcome:
    """Worker "one" renews its lease: possible only while it is not over."""
    return world, world.lease_one == "live"


def settle(world: World, *, to: str) -> Outcome:
    """Worker "one" settles with the fence it knows."""
    if world.state != "running" or world.fence != world.known_fence or world.epoch != world.tenant_epoch:
        return world, False
    after = replace(world, owner=None, state=to)
    if to in ("waiting", "review"):
        after = replace(after, state="ready" if world.nudges > world.seen else to)
    if to == "waiting":
        after = replace(after, attempt=max(0, world.attempt - 1))
    return after, True


def release(world: World) -> Outcome:
    """Worker "one" gives back what it owns."""
    if world.state != "running" or world.owner != "one":
        return world, False
    return replace(world, state="ready", owner=None, fence=world.fence + 1, attempt=max(0, world.attempt - 1)), True


def sweep(world: World) -> Outcome:
    """Any worker sweeps: owner without a lease or record, or deadline passed."""
    dead = world.owner == "one" and world.lease_one in ("over", "absent")
    if world.state != "running" or not (dead or world.overdue):
        return world, False
    losses = world.losses + 1
    return replace(
        world,
        state="dead" if losses >= MAX_LOSSES else "ready",
        owner=None,
        fence=world.fence + 1,
        losses=losses,
        overdue=False,
    ), True


def nudge(world: World) -> Outcome:
    """Somebody has news for the item."""
    if world.state not in LIVE:
        return world, None
    return replace(world, nudges=world.nudges + 1, state="ready" if world.state == "waiting" else world.state), None


def cancel(world: World) -> Outcome:
    """Somebody cancels the item."""
    if world.state not in LIVE:
        return world, False
    return replace(world, state="cancelled", owner=None, fence=world.fence + 1), True


def redrive(world: World) -> Outcome:
    """An operator gives a dead item another chance."""
    if world.state != "dead":
        return world, False
    return replace(world, state="ready", fence=world.fence + 1, attempt=0, losses=0, epoch=world.tenant_epoch), True


def bump_epoch(world: World) -> Outcome:
    """The tenant was restored to epoch 2: what was in hand from epoch 1 is void."""
    after = replace(world, tenant_epoch=NEW_EPOCH)
    if world.state in LIVE and world.epoch < NEW_EPOCH:
        after = replace(after, state="cancelled", owner=None, fence=world.fence + 1)
    return after, None


OPERATIONS = {
    "claim": claim,
    "heartbeat": heartbeat,
    "settle_done": lambda world: settle(world, to="done"),
    "settle_waiting": lambda world: settle(world, to="waiting"),
    "settle_review": lambda world: settle(world, to="review"),
    "release": release,
    "sweep": sweep,
    "nudge": nudge,
    "cancel": cancel,
    "redrive": redrive,
    "bump_epoch": bump_epoch,
}
SKIPS_LOCKED = ("claim", "sweep")

RUNNING = World(state="running", fence=5, known_fence=5, owner="one", attempt=1)
WORLDS = {
    "ready": World(state="ready", fence=4, known_fence=4),
    "running": RUNNING,
    "running, nudged": replace(RUNNING, nudges=1),
    "running, lease over": replace(RUNNING, lease_one="over"),
    "running, owner record absent": replace(RUNNING, lease_one="absent"),
    "running, overdue": replace(RUNNING, overdue=True),
    "running, lost twice before": replace(RUNNING, lease_one="over", losses=2),
    "taken over by two": replace(RUNNING, fence=7, owner="two", lease_one="over"),
    "waiting": World(state="waiting", fence=5, known_fence=5),
    "review": World(state="review", fence=5, known_fence=5),
    "dead": World(state="dead", fence=6, known_fence=5, attempt=8, losses=3),
    "done": World(state="done", fence=5, known_fence=5, attempt=1),
}
