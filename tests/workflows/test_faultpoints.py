"""Every named point, killed by SIGKILL in a real worker process: the next worker finds things as they should be."""

import os
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from django.db import connection

from apps.workflows import facade
from apps.workflows.faultpoints import POINTS
from apps.workflows.models import Run
from apps.workflows.registries import step_types
from tests.faults.kit import Fleet, wait_until
from tests.servers import effects
from tests.workflows import provider_steps
from tests.workflows.driving import inside, view

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.timeout(300)]
KINDS = ("keyed", "lookup", "blind", "metered")
PATIENT = {"base_s": 0.05, "cap_s": 0.2}
# Reached only where a run starts others, which the first test's does not.
WITH_CHILDREN = ("children.started", "parents.told")
# Reached before a run is carried out; see triggers/test_deliveries.py.
BEFORE_RUNS = ("delivery.before_commit", "delivery.after_commit", "begin.before_commit")


def booted() -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM public.dispatch_worker WHERE lease_until > clock_timestamp() AND NOT draining")
        return {row[0] for row in cursor.fetchall()}


@pytest.fixture
def provider() -> Iterator[effects.Ledger]:
    server = effects.serve()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    before = os.environ.get("EFFECTS_URL")
    os.environ["EFFECTS_URL"] = f"http://127.0.0.1:{server.server_address[1]}"
    yield server.RequestHandlerClass.ledger
    server.shutdown()
    server.server_close()
    os.environ["EFFECTS_URL"] = before or ""


def start() -> UUID:
    steps = {
        kind: {
            "type": f"test.{kind}",
            "with": {"reference": {"$ref": "run.id"}},
            "next": following,
            "timeout_s": 1,
            "retry": PATIENT,
        }
        for kind, following in zip(KINDS, (*KINDS[1:], "end"), strict=True)
    }
    steps["end"] = {"type": "set", "with": {"ids": [{"$ref": f"steps.{kind}.output.reference"} for kind in KINDS]}}
    definition = {"schema": 1, "start": "keyed", "steps": steps, "output": {"$ref": "steps.end.output"}}
    with inside(), step_types.temporarily(*provider_steps.STEPS):
        facade.ensure_workflow(slug="points", name="Points", definition=definition)
        return facade.start_run(workflow="points", inputs={})


def start_mixed() -> UUID:
    """A loop and children side by side; each of them has an effect of its own."""
    reference = {"$text": "{{inputs.ref}}.{{inputs.item}}"}
    leaf = {"a": {"type": "test.keyed", "with": {"reference": reference}, "timeout_s": 1, "retry": PATIENT}}
    steps = {
        "split": {"type": "parallel", "branches": ["turns", "kids"], "join": "meet"},
        "turns": {"type": "loop", "items": [0, 1], "body": "one", "next": "meet"},
        "one": {
            "type": "test.lookup",
            "with": {"reference": {"$text": "{{run.id}}.{{loop.item}}"}},
            "timeout_s": 1,
            "retry": PATIENT,
        },
        "kids": {
            "type": "workflow.run",
            "with": {"workflow": "leaf", "inputs": {"ref": {"$ref": "run.id"}}, "items": [0, 1, 2], "max_parallel": 2},
            "next": "meet",
        },
        "meet": {"type": "join"},
    }
    output = {"turns": {"$ref": "steps.turns.output.count"}, "kids": {"$ref": "steps.kids.output.count"}}
    with inside(), step_types.temporarily(*provider_steps.STEPS):
        for slug, some, more in (("leaf", leaf, {}), ("mixed", steps, {"output": output})):
            definition = {"schema": 1, "start": next(iter(some)), "steps": some, **more}
            facade.ensure_workflow(slug=slug, name=slug, definition=definition)
        return facade.start_run(workflow="mixed", inputs={})


def decide(ledger: effects.Ledger) -> None:
    with inside():
        for effect in facade.list_effects_in_review():
            happened = ledger.applied[effect.type.partition(".")[2]][str(effect.run_id)] > 0
            facade.resolve_effect(
                effect_id=effect.id,
                decision="happened" if happened else "send_again",
                response={"reference": str(effect.run_id)},
                actor="test",
            )


def test_no_moment_is_special(provider: effects.Ledger, tmp_path: Path) -> None:
    file = tmp_path / "arm"
    rng = random.Random(1)
    failures = []
    with Fleet(
        ["tests.faults.engine_worker:armed"],
        rng=rng,
        booted=booted,
        env={"LOG_LEVEL": "ERROR", "FAULT_FILE": str(file)},
    ) as fleet:
        assert wait_until(lambda: bool(booted()), seconds=90)
        for point in [point for point in POINTS if point not in (*WITH_CHILDREN, *BEFORE_RUNS)]:
            file.write_text(point)
            fleet.kill_one()
            assert wait_until(lambda: not file.exists(), seconds=60, every=0.02), f"{point}: no worker took the order"
            deaths = fleet.exits[-9]
            provider.forget()
            provider.script = ["", "500_after"] if point.startswith("find.") else []
            run_id = start()
            until = time.monotonic() + 30
            while view(run_id).finished_at is None and time.monotonic() < until:
                decide(provider)
                time.sleep(0.05)
            done = view(run_id)
            facts = {
                "died": fleet.exits[-9] - deaths,
                "state": done.state,
                "outputs": done.outputs,
                "cost": done.cost_micros,
                **{kind: provider.applied[kind][str(run_id)] for kind in KINDS[:3]},
            }
            wanted = {
                "died": 1,
                "state": "succeeded",
                "outputs": {"ids": [str(run_id)] * 4},
                "cost": 1000,
                "keyed": 1,
                "lookup": 1,
                "blind": 1,
            }
            if facts != wanted:
                failures.append((point, facts))
    assert not failures


def test_no_moment_is_special_for_loops_and_children(provider: effects.Ledger, tmp_path: Path) -> None:
    file = tmp_path / "arm"
    failures = []
    with Fleet(
        ["tests.faults.engine_worker:armed"],
        rng=random.Random(2),
        booted=booted,
        env={"LOG_LEVEL": "ERROR", "FAULT_FILE": str(file)},
    ) as fleet:
        assert wait_until(lambda: bool(booted()), seconds=90)
        for point in (
            *WITH_CHILDREN,
            "turn.fenced",
            "checkpoint.before_commit",
            "result.before_commit",
            "mark.after_commit",
        ):
            file.write_text(point)
            fleet.kill_one()
            assert wait_until(lambda: not file.exists(), seconds=60, every=0.02), f"{point}: no worker took the order"
            deaths = fleet.exits[-9]
            provider.forget()
            run_id = start_mixed()
            wait_until(lambda run_id=run_id: view(run_id).finished_at is not None, seconds=40, every=0.05)
            done = view(run_id)
            with inside():
                children = list(Run.objects.filter(parent_id=run_id).values_list("parent_index", "state"))
            facts = {
                "died": fleet.exits[-9] - deaths,
                "state": done.state,
                "outputs": done.outputs,
                "children": sorted(children),
                "lookup": dict(provider.applied["lookup"]),
                "keyed": dict(provider.applied["keyed"]),
            }
            wanted = {
                "died": 1,
                "state": "succeeded",
                "outputs": {"turns": 2, "kids": 3},
                "children": [(item, "succeeded") for item in range(3)],
                "lookup": {f"{run_id}.{item}": 1 for item in range(2)},
                "keyed": {f"{run_id}.{item}": 1 for item in range(3)},
            }
            if facts != wanted:
                failures.append((point, facts))
    assert not failures
