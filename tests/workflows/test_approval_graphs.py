"""P1: no class C act leaves without a valid decision on exactly its bytes, over random workflows, people and an adversary.

The long form is ``python -m tests.faults.approvals --graphs 10000``.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from apps.workflows.engine import approving, sending, store
from apps.workflows.registries import step_types
from tests.workflows import approval_graphs as graphs
from tests.workflows.driving import inside

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.timeout(900)]


@pytest.fixture(autouse=True)
def _steps(settings: Any) -> Iterator[None]:
    settings.WORKFLOWS = {"quiescence_s": 0}
    with step_types.temporarily(*graphs.STEPS):
        yield


@pytest.fixture
def people(django_db_setup: None, django_db_blocker: Any) -> dict[str, int]:
    from apps.accounts.models import User

    with django_db_blocker.unblock():
        return {name: User.objects.get(email=f"{name}@acme.example").pk for name in ("owner", "member", "viewer")}


def test_nothing_of_class_c_leaves_without_a_valid_decision(
    people: dict[str, int], request: pytest.FixtureRequest
) -> None:
    many = 3000 if request.config.getoption("--long") else 300
    world = graphs.play(graphs=many, seed=1, people=people)
    assert graphs.violations(world, people) == []
    assert world.broke_in == 0
    needing = sum(graphs.needed(one) for one in world.left)
    assert needing > many / 10, "too few risky acts were approved for the test to mean anything"
    assert all(world.tried.get(move, 0) > 0 for move in ("tamper", "tamper_after", "edit", "expire", "forge", "stale"))


def test_the_judgement_notices_a_guard_that_is_broken(people: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """With the runner's comparison, the marking statement and the trigger out of order, acts leave and are found."""
    monkeypatch.setattr(approving.EffectApprovals, "_may_be_sent", lambda *args: True)
    monkeypatch.setattr(sending, "payload_digest", lambda *args: "")
    monkeypatch.setattr(store, "MARK_SENT", store.MARK_SENT.replace("NOT f.held OR", "true OR"))
    switch = "ALTER TABLE workflows_effect {} TRIGGER workflows_effect_needs_approval"
    with inside(), connection.cursor() as cursor:
        cursor.execute(switch.format("DISABLE"))
    try:
        world = graphs.play(graphs=25, seed=2, people=people, rounds=2)
    finally:
        with inside(), connection.cursor() as cursor:
            cursor.execute(switch.format("ENABLE"))
    assert graphs.violations(world, people)
