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
from apps.workflows.registries import step_types
from tests.faults.kit import Fleet, wait_until
from tests.servers import effects
from tests.workflows import provider_steps
from tests.workflows.driving import inside, view

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.timeout(300)]
KINDS = ("keyed", "lookup", "blind", "metered")


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
            "retry": {"base_s": 0.05, "cap_s": 0.2},
        }
        for kind, following in zip(KINDS, (*KINDS[1:], "end"), strict=True)
    }
    steps["end"] = {"type": "set", "with": {"ids": [{"$ref": f"steps.{kind}.output.reference"} for kind in KINDS]}}
    definition = {"schema": 1, "start": "keyed", "steps": steps, "output": {"$ref": "steps.end.output"}}
    with inside(), step_types.temporarily(*provider_steps.STEPS):
        facade.ensure_workflow(slug="points", name="Points", definition=definition)
        return facade.start_run(workflow="points", inputs={})


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
        for point in POINTS:
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
