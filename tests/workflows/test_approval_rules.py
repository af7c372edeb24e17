"""What a workspace settles about risk: stricter by policy, laxer only by an owner's rule that is on record and ends."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from apps.core.errors import InvalidInput, NotAllowed
from apps.workflows.approvals import rules
from apps.workflows.models import AllowRule, Effect
from apps.workflows.registries import step_types
from apps.workflows.services.clock import database_now
from tests.servers.effects import Ledger
from tests.workflows import approving
from tests.workflows.driving import inside, run, view

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture(autouse=True)
def _steps(provider: Ledger) -> Iterator[None]:
    with step_types.temporarily(*approving.STEPS):
        yield


def owner() -> Any:
    from apps.accounts.models import User

    return User.objects.get(email="owner@acme.example").pk


def make(**said: Any) -> AllowRule:
    with inside():
        values = {"user_id": owner(), "reason": "They asked for it.", "expires_at": database_now() + timedelta(days=1)}
        return rules.make_rule(**{**values, **said})


def client_mail(**more: Any) -> Any:
    return run({"a": {"type": "test.mail", "with": {"reference": "r", "to": "client@customer.example", **more}}})


def test_rule_lets_its_recipients_pass_until_it_is_ended() -> None:
    rule = make(kind="recipients", values=["Client@Customer.example "])
    passed = client_mail()
    with inside():
        effect = Effect.objects.get(run_id=passed)
        assert (view(passed).state, effect.risk_class, effect.held) == ("succeeded", "B", False)
        assert effect.reasons[0]["code"] == "allowed_by_rule"
        assert rules.end_rule(user_id=owner(), rule_id=rule.pk)
        assert not rules.end_rule(user_id=owner(), rule_id=rule.pk)
    assert view(client_mail()).state == "review"


def test_amount_rule_covers_a_day_and_not_a_cent_more(provider: Ledger) -> None:
    make(kind="amount", amount_minor=1000, currency="EUR")
    states = []
    for number in range(3):
        steps = {
            "a": {"type": "test.mail", "with": {"reference": f"p{number}", "to": "member@acme.example", "amount": 400}}
        }
        states.append(view(run(steps)).state)
    assert states == ["succeeded", "succeeded", "review"]


def test_only_owners_make_rules_and_every_rule_ends_and_says_why() -> None:
    from apps.accounts.models import User

    with pytest.raises(NotAllowed):
        make(kind="hosts", values=["x"], user_id=User.objects.get(email="member@acme.example").pk)
    for wrong, place in (
        ({"kind": "everything"}, "kind"),
        ({"kind": "hosts", "values": [" "]}, "values"),
        ({"kind": "hosts", "values": ["x"], "reason": " "}, "reason"),
        ({"kind": "hosts", "values": ["x"], "expires_at": database_now() + timedelta(days=400)}, "expires_at"),
        ({"kind": "amount", "amount_minor": 0, "currency": "EUR"}, "amount_minor"),
    ):
        with pytest.raises(InvalidInput) as caught:
            make(**wrong)
        assert place in caught.value.fields
    with inside():
        assert not AllowRule.objects.exists()


def test_policy_makes_own_writes_wait_and_is_never_laxer() -> None:
    with inside():
        rules.change_policy(user_id=owner(), hold_writes=True, hold_types=[], bulk_limit=10)
        with pytest.raises(InvalidInput):
            rules.change_policy(user_id=owner(), hold_writes=False, hold_types=[], bulk_limit=1000)
    assert view(run({"a": {"type": "test.keyed", "with": {"reference": "w"}}})).state == "review"
