"""Owners' rules by their pages: made from what happened, shown before they are made, ended and taken back; and what no rule may do."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg2
import pytest
from django.db import IntegrityError, InternalError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.workflows.approvals import rulebook, rules
from apps.workflows.engine import sending
from apps.workflows.models import AllowanceDay, AllowRule, Effect
from apps.workflows.registries import step_types
from apps.workflows.services.clock import database_now
from tests.servers.effects import Ledger
from tests.workflows import approving
from tests.workflows.approving import decide, question
from tests.workflows.driving import drain, inside, run, view

pytestmark = pytest.mark.usefixtures("committed")
Refused = (psycopg2.Error, IntegrityError, InternalError)
CLIENT = "client@customer.example"


@pytest.fixture(autouse=True)
def _steps(provider: Ledger) -> Iterator[None]:
    with step_types.temporarily(*approving.STEPS):
        yield


@pytest.fixture
def people(django_db_setup: None, django_db_blocker: Any) -> Any:
    from apps.accounts.models import User

    return lambda name: User.objects.get(email=f"{name}@acme.example")


@pytest.fixture
def client_of(people: Any) -> Iterator[Any]:
    from django.contrib.sessions.models import Session

    def open_client(name: str) -> Client:
        client = Client(SERVER_NAME="acme.localhost")
        client.force_login(people(name), backend="django.contrib.auth.backends.ModelBackend")
        return client

    yield open_client
    Session.objects.all().delete()


def at(name: str, *args: Any) -> str:
    return reverse(f"workflows:{name}", args=args, urlconf="echopilot.urls_tenant")


def mail(to: str = CLIENT, **more: Any) -> Any:
    return run({"a": {"type": "test.mail", "title": "Write", "with": {"reference": "r", "to": to, **more}}})


def typed(**more: Any) -> dict[str, Any]:
    until = (timezone.now() + timedelta(days=30)).date().isoformat()
    said = {"kind": "recipients", "values": CLIENT, "types": "test.mail", "until": until, "reason": "A daily letter."}
    return {**said, **more}


def made(**said: Any) -> AllowRule:
    from apps.accounts.models import User

    with inside():
        values = {
            "kind": "recipients",
            "values": [CLIENT],
            "reason": "x",
            "expires_at": database_now() + timedelta(days=1),
        }
        owner = User.objects.get(email="owner@acme.example")
        return rules.make_rule(user_id=owner.pk, **{**values, **said})


def test_a_rule_is_offered_shown_made_named_ended_and_taken_back(client_of: Any, people: Any) -> None:
    client = client_of("owner")
    assert "No rules yet" in client.get(at("rule_list")).content.decode()
    decide(mail(), user=people("owner"))
    waiting = mail()
    page = client.get(at("rule_list")).content.decode()
    assert f"to {CLIENT} needs no decision." in page
    assert "Approved 1 time" in page
    filled = client.get(at("rule_create"), {"kind": "recipients", "values": CLIENT, "types": "test.mail"})
    assert CLIENT in filled.content.decode()
    seen = client.get(at("rule_create"), {**typed(), "look": "1"}).content.decode()
    assert "It would have let 2 of the last 2 acts that waited pass" in seen
    with inside():
        assert not AllowRule.objects.exists()
    assert client.post(at("rule_create"), typed()).status_code == 302
    assert view(waiting).state == "review", "what was asked stays asked"
    passed = mail()
    assert view(passed).state == "succeeded"
    with inside():
        row, effect = AllowRule.objects.get(), Effect.objects.get(run_id=passed)
    assert effect.reasons == [
        {"code": "allowed_by_rule", "detail": CLIENT, "rule": str(row.pk), "over": "recipients_outside"}
    ]
    shown = client.get(at("run_detail", passed), {"step": "a"}).content.decode()
    assert "A rule made by an owner let it pass:" in shown
    assert f"#rule-{row.pk}" in shown
    ended = client.post(at("rule_end", row.pk), follow=True).content.decode()
    assert at("rule_renew", row.pk) in ended, "the end can be taken back"
    assert view(mail()).state == "review"
    for _again in range(2):
        client.post(at("rule_renew", row.pk))
    with inside():
        assert AllowRule.objects.filter(renews=row).count() == 1
        assert AllowRule.objects.get(pk=row.pk).ended_by == people("owner").pk
    assert view(mail()).state == "succeeded"
    decide(waiting, user=people("owner"))
    assert view(waiting).state == "succeeded"


def test_a_rule_made_while_an_act_waits_does_not_let_it_go(people: Any) -> None:
    waiting = mail()
    made()
    with inside():
        from apps.dispatch import facade as dispatch
        from apps.tenants.facade import current_tenant
        from apps.workflows.conf import RUN_KIND

        dispatch.nudge(tenant_id=current_tenant().id, kind=RUN_KIND, ref=str(waiting))
    drain()
    assert (view(waiting).state, question(waiting).state) == ("review", "pending")


def test_only_owners_change_rules_and_nothing_changes_for_others(client_of: Any, people: Any) -> None:
    row = made()
    for name in ("member", "viewer"):
        client = client_of(name)
        assert client.get(at("rule_list")).status_code == (200 if name == "member" else 403)
        assert client.get(at("rule_create")).status_code == 403
        assert client.post(at("rule_create"), typed(values="x@evil.example")).status_code == 403
        assert client.post(at("rule_end", row.pk)).status_code == 403
        assert client.post(at("rule_renew", row.pk)).status_code == 403
    assert at("rule_end", row.pk) not in client_of("member").get(at("rule_list")).content.decode()
    with inside():
        assert list(AllowRule.objects.values_list("pk", "ended_at")) == [(row.pk, None)]
    with inside("globex"):
        assert rulebook.overview() == []
        assert not rules.policy_in_force().allows


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"values": ""}, "Name at least one."),
        ({"kind": "domains", "values": "com"}, "is not a domain"),
        ({"kind": "domains", "values": "*.example"}, "is not a domain"),
        ({"kind": "everything"}, "Select a valid choice"),
        ({"types": "no.such"}, "Select a valid choice"),
        ({"until": "2000-01-01"}, "Choose a moment within the next year."),
        (
            {"kind": "amount", "amount": "5", "currency": "XQZ", "values": ""},
            "Give an amount above zero and its currency.",
        ),
        ({"kind": "amount", "amount": "-5", "currency": "EUR", "values": ""}, "greater than or equal"),
        ({"reason": ""}, "This field is required."),
    ],
)
def test_what_will_not_do_is_said_at_its_field_and_kept(client_of: Any, wrong: dict[str, str], said: str) -> None:
    answer = client_of("owner").post(at("rule_create"), typed(**{"reason": "Kept words", **wrong}))
    page = answer.content.decode()
    assert answer.status_code == 400
    assert said in page
    assert "Kept words" in page or "reason" in wrong
    with inside():
        assert not AllowRule.objects.exists()


def test_sums_are_shown_day_by_day_and_a_renewed_rule_counts_on(client_of: Any, people: Any) -> None:
    client = client_of("owner")
    for number in range(3):
        decide(mail("member@acme.example", amount=400, text=str(number)), user=people("owner"))
    page = client.get(at("rule_list")).content.decode()
    assert "needs no decision, up to €12.00 a day in all." in page
    said = typed(kind="amount", values="", amount="10", currency="eur")
    assert "It would have let 2 of the last 3" in client.get(at("rule_create"), {**said, "look": "1"}).content.decode()
    client.post(at("rule_create"), said)
    assert view(mail("member@acme.example", amount=600)).state == "succeeded"
    with inside():
        row = AllowRule.objects.get()
    client.post(at("rule_end", row.pk))
    client.post(at("rule_renew", row.pk))
    with inside():
        assert AllowanceDay.objects.get(rule__renews=row).spent_minor == 600
    assert view(mail("member@acme.example", amount=600)).state == "review"


def test_what_must_always_be_asked_passes_by_no_rule(client_of: Any) -> None:
    made(kind="hosts", values=["test.mute"])
    run_id = run({"a": {"type": "test.mute", "with": {"reference": "x"}}})
    assert view(run_id).state == "review"
    made()
    with inside():
        tainted = run(
            {"a": {"type": "test.mail", "with": {"reference": "r", "to": {"$ref": "inputs.to"}}}}, {"to": CLIENT}
        )
        facts = rulebook.preview(kind="recipients", values=[CLIENT], types=[], amount_minor=None, currency="")
    assert view(tainted).state == "succeeded", "a member typed it"
    assert facts.covered == []


@pytest.mark.parametrize(
    "over", ["deletes", "grants", "public", "bulk", "untrusted_choice", "policy_raises", "money", ""]
)
def test_the_database_refuses_an_act_that_claims_a_rule_may_cover_it(over: str) -> None:
    row = made()
    passed = mail()
    reasons = f'[{{"code": "allowed_by_rule", "rule": "{row.pk}", "over": "{over}"}}]'
    with inside(), pytest.raises(Refused), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE workflows_effect SET reasons = %s::jsonb WHERE run_id = %s", [reasons, str(passed)])


def test_the_database_refuses_an_act_by_a_rule_that_ended_or_is_another_workspaces(people: Any) -> None:
    row = made()
    passed = mail()
    copy = (
        "INSERT INTO workflows_effect (id, run_id, path, type, effect_class, key, request, request_hash, risk_class, reasons, held, "
        "work_id, fence) SELECT gen_random_uuid(), run_id, path, type, effect_class, md5(random()::text), request, request_hash, 'B', "
        "jsonb_set(reasons, '{0,rule}', to_jsonb(%s::text)), false, work_id, fence FROM workflows_effect WHERE run_id = %s"
    )
    with inside("globex"):
        foreign = AllowRule.objects.create(
            kind="recipients", values=[CLIENT], reason="x", made_by=1, expires_at=database_now() + timedelta(days=1)
        )
    with inside(), connection.cursor() as cursor:
        cursor.execute(copy, [str(row.pk), str(passed)])
        cursor.execute("UPDATE workflows_allowrule SET ended_at = clock_timestamp() - interval '2 minutes'")
        for rule in (row.pk, foreign.pk, "none"):
            with pytest.raises(Refused), transaction.atomic():
                cursor.execute(copy, [str(rule), str(passed)])
        with pytest.raises(Refused), transaction.atomic():
            cursor.execute("UPDATE workflows_effect SET state = 'sending', sent_at = now() WHERE state = 'intended'")


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE workflows_allowrule SET values = '[\"evil.example\"]'",
        "UPDATE workflows_allowrule SET expires_at = expires_at + interval '10 days'",
        "UPDATE workflows_allowrule SET kind = 'everything'",
        "DELETE FROM workflows_allowrule",
        (
            "INSERT INTO workflows_allowrule (id, kind, values, types, reason, made_by, expires_at) "
            "VALUES (gen_random_uuid(), 'everything', '[\"x\"]', '[]', 'x', 1, now() + interval '1 day')"
        ),
        (
            "INSERT INTO workflows_allowrule (id, kind, values, types, reason, made_by, expires_at) "
            "VALUES (gen_random_uuid(), 'hosts', '[\"x\"]', '[]', 'x', 1, now() + interval '2 years')"
        ),
        (
            "INSERT INTO workflows_allowrule (id, kind, values, types, reason, made_by, expires_at) "
            "VALUES (gen_random_uuid(), 'hosts', '[]', '[]', 'x', 1, now() + interval '1 day')"
        ),
    ],
)
def test_the_database_keeps_rules_as_they_were_made(sql: str) -> None:
    made()
    with inside(), pytest.raises(Refused), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


def test_an_act_that_was_not_sent_when_its_rule_ended_asks_after_all(
    monkeypatch: Any, people: Any, provider: Ledger
) -> None:
    row = made()

    def power_cut(point: str) -> None:
        if point == "mark.before_commit":
            raise ConnectionError(point)

    with monkeypatch.context() as patched:
        patched.setattr(sending, "reach", power_cut)
        late = mail()
    with inside():
        effect = Effect.objects.get(run_id=late)
        assert (effect.state, effect.sends, effect.held, effect.risk_class) == ("intended", 0, False, "B")
        rules.end_rule(user_id=people("owner").pk, rule_id=row.pk)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE public.dispatch_workitem SET run_at = clock_timestamp() WHERE state = 'ready'")
    drain()
    assert (view(late).state, question(late).state, provider.applied["keyed"]) == ("review", "pending", {})


def test_rule_list_costs_the_same_for_three_rules_as_for_one(
    client_of: Any, django_assert_max_num_queries: Any
) -> None:
    client = client_of("owner")
    made()
    client.get(at("rule_list"))
    with django_assert_max_num_queries(40) as found:
        client.get(at("rule_list"))
    before = len(found)
    made(values=["a@x.example"])
    made(values=["b@x.example"])
    with django_assert_max_num_queries(before):
        client.get(at("rule_list"))
