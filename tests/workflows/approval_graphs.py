"""P1: random workflows with risky steps, random people and an adversary; afterwards every byte that left is looked at.

The judgement does not use the product's own classes: a request needs a decision when the recipient is not a member, when it pays, when
its step cannot say what it does, or when a stranger's or a model's text chose the recipient (``marks``). What left is what the step's
``perform`` was handed. A decision is valid when it was approved by its quorum of people who may decide, for exactly the hash of the
step type and the bytes that left, before they left.
"""

import json
import random
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import Error, connection, transaction

from apps.core.errors import PlatformError
from apps.workflows import facade
from apps.workflows.approvals import deciding, editing
from apps.workflows.approvals.enums import Channel
from apps.workflows.approvals.models import Approval, ApprovalVote
from apps.workflows.contracts import StepResult
from apps.workflows.core.definition import canonical
from apps.workflows.core.effects import payload_digest
from apps.workflows.enums import EffectClass
from apps.workflows.models import Run
from apps.workflows.services.clock import database_now
from tests.workflows.approving import Mail
from tests.workflows.driving import drain, inside
from tests.workflows.provider_steps import Inside

MEMBER = "member@acme.example"
OUTSIDE = ("client@customer.example", "x@sub.acme.example", "member@acme.example.evil.example", "")
MAILS = ("graph.keyed", "graph.blind", "graph.mute")


BY_A_RULE_NOBODY_MADE = """
INSERT INTO workflows_effect (id, run_id, path, type, effect_class, key, request, request_hash, risk_class, reasons, work_id, fence)
SELECT gen_random_uuid(), run_id, path, type, effect_class, md5(random()::text), request, request_hash, 'B',
       '[{"code": "allowed_by_rule", "rule": "none", "over": "money"}]', work_id, fence
FROM workflows_effect WHERE id = %s
"""


@dataclass
class Left:
    """One request that left: step type, bytes, moment."""

    type: str
    text: str
    at: datetime


@dataclass
class World:
    """What happened outside, and what people and the adversary tried."""

    left: list[Left] = field(default_factory=list)
    tried: dict[str, int] = field(default_factory=dict)
    broke_in: int = 0

    def count(self, what: str) -> None:
        """Remember that something was tried."""
        self.tried[what] = self.tried.get(what, 0) + 1


WORLD = World()


class Recorded(Mail):
    """Like a mail, but what leaves is only written down."""

    def perform(self, request: Mapping[str, Any], secrets: object, *, key: str, deadline: float) -> Mapping[str, Any]:
        WORLD.left.append(Left(self.type, canonical(request), datetime.now(tz=UTC)))
        return {"id": key, "to": request.get("to", "")}


class KeyedMail(Recorded):
    type, effect = "graph.keyed", EffectClass.KEYED


class BlindMail(Recorded):
    type, effect = "graph.blind", EffectClass.BLIND


class MuteMail(Recorded):
    type, effect = "graph.mute", EffectClass.KEYED

    def reach(self, request: Mapping[str, Any]) -> Any:
        raise LookupError("nobody knows")


class Model(Inside):
    """A model whose words choose things."""

    type, effect, untrusted = "graph.model", EffectClass.METERED, True
    handles_dry_run = True

    def prepare(self, ctx: Any) -> Mapping[str, Any]:
        return {"reference": ctx.path}

    def perform(self, request: Mapping[str, Any], secrets: object, *, key: str, deadline: float) -> Mapping[str, Any]:
        return {"to": MEMBER}

    def settle(self, ctx: Any, request: Mapping[str, Any], response: Mapping[str, Any]) -> StepResult:
        return StepResult(output=dict(response))


STEPS = (KeyedMail(), BlindMail(), MuteMail(), Model())


def graph(rng: random.Random) -> dict[str, Any]:
    """A random workflow: a chain with branches, a parallel section or a loop, and risky steps in any of them."""
    steps: dict[str, Any] = {"model": {"type": "graph.model", "next": None}}
    last = "model"
    for number in range(rng.randint(1, 4)):
        name = f"s{number}"
        kind = rng.random()
        if kind < 0.6:
            steps[name] = risky(rng)
            tail = name
        elif kind < 0.75:
            steps |= {
                name: {"type": "parallel", "branches": [f"{name}a", f"{name}b"], "join": f"{name}j"},
                f"{name}a": {**risky(rng), "next": f"{name}j"},
                f"{name}b": {**risky(rng), "next": f"{name}j"},
                f"{name}j": {"type": "join"},
            }
            tail = f"{name}j"
        elif kind < 0.9:
            steps |= {name: {"type": "loop", "items": ["a", "b"], "body": f"{name}x"}, f"{name}x": risky(rng)}
            tail = name
        else:
            steps[name] = {"type": "approval", "with": {"title": "Go on?", "quorum": rng.choice([1, 1, 2])}}
            tail = name
        steps[last]["next"] = name
        last = tail
    return {
        "schema": 1,
        "start": "model",
        "steps": steps,
        "settings": {"approvals": {"quorum": rng.choice([1, 1, 1, 2])}},
    }


def risky(rng: random.Random) -> dict[str, Any]:
    """A step that writes to somebody, with its marks in the text so that what left can be judged later."""
    chosen = rng.choice(["member", "outside", "model", "input"])
    to: Any = {
        "member": MEMBER,
        "outside": rng.choice(OUTSIDE),
        "model": {"$ref": "steps.model.output.to"},
        "input": {"$ref": "inputs.to"},
    }[chosen]
    config = {"reference": f"r{rng.randrange(10**9)}", "to": to, "text": f"chosen by {chosen}"}
    if rng.random() < 0.2:
        config["amount"] = rng.choice([0, 1, 5000])
    body: dict[str, Any] = {"type": rng.choice(MAILS), "with": config}
    if rng.random() < 0.2:
        body["approval"] = {"require": "always"}
    return body


def play(*, graphs: int, seed: int, people: Mapping[str, int], rounds: int = 4) -> World:
    """Run so many random workflows with random people; returns what happened. ``people``: owner, member and viewer by id."""
    rng = random.Random(seed)
    WORLD.__init__()  # type: ignore[misc]
    with inside():
        for number in range(graphs):
            slug = f"graph-{number}"
            facade.ensure_workflow(slug=slug, name=slug, definition=graph(rng))
            trigger = rng.choice(["manual", "webhook"])
            facade.start_run(
                workflow=slug, inputs={"to": MEMBER, "by": trigger}, trigger=trigger, started_by=people["owner"]
            )
    for _round in range(rounds):
        drain()
        with inside():
            for row in Approval.objects.filter(state="pending").order_by("?"):
                act(row, rng, people)
            for run in Run.objects.filter(state="failed"):
                if rng.random() < 0.3:
                    WORLD.count("retry")
                    with suppress(PlatformError):
                        facade.retry_run(run_id=run.pk)
            for run in Run.objects.filter(state="succeeded")[:5]:
                WORLD.count("replay")
                facade.replay_run(run_id=run.pk, new_generation=rng.random() < 0.5)
    drain()
    return WORLD


def act(row: Approval, rng: random.Random, people: Mapping[str, int]) -> None:
    """One thing somebody does about a pending question, allowed or not."""
    moves = (
        approve,
        approve,
        approve,
        deny,
        edit,
        expire,
        tamper,
        tamper_after,
        stale,
        wrong_hash,
        stranger,
        forge,
        cancel,
        undone,
    )
    move = rng.choice(moves)
    WORLD.count(move.__name__)
    with suppress(PlatformError, Error):  # a refusal by the service, or by the database
        move(row, rng, people)


def say(row: Approval, choice: str, user_id: int, **more: Any) -> None:
    """A vote as a door would hand it in."""
    values = {"payload_hash": row.payload_hash, "channel": Channel.API, **more}
    deciding.decide(approval_id=row.pk, choice=choice, user_id=user_id, **values)


def approve(row: Approval, rng: random.Random, people: Mapping[str, int]) -> None:
    say(row, "approve", people["owner"])
    if row.quorum > 1 and rng.random() < 0.7:
        say(row, "approve", people["member"])


def deny(row: Approval, rng: random.Random, people: Mapping[str, int]) -> None:
    say(row, "deny", people["member"])


def edit(row: Approval, rng: random.Random, people: Mapping[str, int]) -> None:
    value = {**json.loads(row.payload), "to": rng.choice([MEMBER, *OUTSIDE[:3]]), "text": "chosen by edit"}
    value.pop("delay_ms", None)
    editing.edit_and_approve(
        approval_id=row.pk, payload_hash=row.payload_hash, value=value, user_id=people["owner"], channel=Channel.API
    )


def expire(row: Approval, rng: random.Random, people: Mapping[str, int]) -> None:
    real, deciding.database_now = deciding.database_now, lambda: database_now() + timedelta(days=30)
    try:
        deciding.expire_if_due(row.pk)
    finally:
        deciding.database_now = real


def tamper(row: Approval, rng: random.Random, people: Mapping[str, int]) -> None:
    """Somebody rewrites what waits, hash and all."""
    text = canonical(
        {"reference": f"t{rng.randrange(10**9)}", "to": "evil@elsewhere.example", "text": "chosen by tamper"}
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE workflows_effect SET request = %s, request_hash = encode(sha256(convert_to(%s, 'UTF8')), 'hex') WHERE id = %s",
            [text, text, row.effect_id],
        )


def tamper_after(row: Approval, rng: random.Random, people: Mapping[str, int]) -> None:
    """The same between decision and sending."""
    approve(row, rng, people)
    tamper(row, rng, people)


def stale(row: Approval, rng: random.Random, people: Mapping[str, int]) -> None:
    """Approved, but not used in time."""
    Approval.objects.filter(pk=row.pk).update(valid_s=0)
    approve(row, rng, people)


def wrong_hash(row: Approval, rng: random.Random, people: Mapping[str, int]) -> None:
    say(row, "approve", people["owner"], payload_hash=payload_digest(row.type, row.payload + " "))


def stranger(row: Approval, rng: random.Random, people: Mapping[str, int]) -> None:
    say(row, "approve", people["viewer"])


def forge(row: Approval, rng: random.Random, people: Mapping[str, int]) -> None:
    """Straight at the tables, as a mistake in any code could."""
    for sql in (
        "UPDATE workflows_effect SET state = 'sending', sent_at = now() WHERE id = %s",
        "UPDATE workflows_effect SET held = false WHERE id = %s",
        "UPDATE workflows_approval SET state = 'approved', decided_at = now(), valid_until = now() + interval '1 day' WHERE effect_id = %s",
        "UPDATE workflows_approval SET spent_at = now() WHERE effect_id = %s",
        BY_A_RULE_NOBODY_MADE,
    ):
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(sql, [row.effect_id])
                WORLD.broke_in += cursor.rowcount
        except Error:
            continue


def cancel(row: Approval, rng: random.Random, people: Mapping[str, int]) -> None:
    facade.cancel_run(run_id=row.run_id, reason="not needed")


def undone(row: Approval, rng: random.Random, people: Mapping[str, int]) -> None:
    say(row, "approve", people["owner"], undo=True)
    deciding.take_back(approval_id=row.pk, user_id=people["owner"])


def violations(world: World, people: Mapping[str, int]) -> list[str]:
    """Requests that left although they needed a decision and had no valid one."""
    found = []
    may = {people["owner"], people["member"]}
    with inside():
        for one in world.left:
            if not needed(one):
                continue
            rows = Approval.objects.filter(payload_hash=payload_digest(one.type, one.text), decided_at__lt=one.at)
            if not any(is_valid(row, one, may) for row in rows):
                found.append(f"{one.type} {one.text}")
    return found


def needed(one: Left) -> bool:
    """Whether a careful person would want to be asked, told from the bytes alone."""
    request = json.loads(one.text)
    chosen = str(request.get("text", "")).removeprefix("chosen by ")
    return (
        one.type == "graph.mute" or request.get("to") != MEMBER or "amount" in request or chosen in ("model", "tamper")
    )


def is_valid(row: Approval, one: Left, may: set[int]) -> bool:
    """Whether a question was approved in time, by enough people who may, for exactly these bytes, before they left."""
    if row.state != "approved" or row.payload != one.text or row.spent_at is None or row.decided_at is None:
        return False
    votes = ApprovalVote.objects.filter(approval=row, payload_hash=row.payload_hash)
    agreeing = {vote.person_id for vote in votes if vote.choice == "approve" and vote.effective_at <= row.decided_at}
    refused = any(vote.choice == "deny" and vote.effective_at <= row.decided_at for vote in votes)
    return len(agreeing & may) >= row.quorum and not refused and row.decided_at < row.expires_at
