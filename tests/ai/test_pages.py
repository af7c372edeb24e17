"""The pages about money and models through the front door."""

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.accounts.models import User
from apps.ai import facade
from apps.ai.models import Budget, BudgetCounter
from tests.ai.books import add_call

pytestmark = pytest.mark.django_db
Browse = Callable[..., Client]
BUDGET = {"scope": "workflow", "subject": "answer", "period": "month", "cap": "12.50", "action": "stop"}


def path(name: str, *args: object) -> str:
    return reverse(f"costs:{name}", args=args, urlconf="echopilot.urls_tenant")


def now() -> datetime:
    return datetime.now(UTC)


def said(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return answer.content.decode()


PAGES = ("usage", "call_list", "budget_list", "price_list", "model_list")


@pytest.mark.parametrize("name", PAGES)
def test_costs_are_for_people_who_may_see_them(tenant, browse: Browse, viewer: User, member: User, name: str) -> None:
    assert browse(viewer).get(path(name)).status_code == 403
    assert browse(member).get(path(name)).status_code == 200
    assert browse().get(path(name)).status_code == 302


def test_an_empty_month_leads_on(tenant, browse: Browse, user: User) -> None:
    client = browse(user)
    assert "No calls yet" in said(client, path("usage"))
    assert "No calls here" in said(client, path("call_list"))
    assert "Nothing caps the workspace" in said(client, path("usage")) or "set aside of" in said(client, path("usage"))


def test_every_line_is_a_filter_and_the_link_keeps_it(tenant, browse: Browse, user: User) -> None:
    add_call(at=now(), cost=2_000_000, user_id=user.pk)
    add_call(at=now(), cost=None, model="nobody-knows", workflow="other")
    client = browse(user)
    page = said(client, path("usage"))
    assert "$2.00" in page
    assert "1 call has an unknown price" in page
    link = next(one for one in re.findall(r'href="\?([^"]+)"', page) if "model=gpt-4o" in one)
    page = said(client, f"{path('usage')}?{link.replace('&amp;', '&')}&workflow=answer")
    assert "nobody-knows" not in page
    assert "Remove the filter" in page
    assert "1 call has an unknown price" not in page
    assert user.email in said(client, path("usage")) or (user.name and user.name in page)
    assert "No calls match" in said(client, f"{path('usage')}?model=absent")


@pytest.mark.parametrize("query", ["month=2026-13", "month=9999-01", "day=soon", "day=2026-02-31", "user_id=99999999999999999999",
                                   "spending=fun", "model=%00", "model=" + "x" * 5000, "month=2100-01"])  # fmt: skip
def test_a_nonsense_filter_is_left_out(tenant, browse: Browse, user: User, query: str) -> None:
    add_call(at=now())
    for name in ("usage", "call_list", "usage_csv"):
        answer = browse(user).get(f"{path(name)}?{query}")
        assert answer.status_code == 200
        b"".join(answer.streaming_content) if answer.streaming else answer.content


def test_the_file_comes_in_pieces_and_names_its_days(tenant, browse: Browse, user: User, viewer: User) -> None:
    add_call(at=now())
    answer = browse(user).get(path("usage_csv"))
    assert answer.streaming
    assert "attachment" in answer["Content-Disposition"]
    assert b"gpt-4o" in b"".join(answer.streaming_content)
    assert browse(viewer).get(path("usage_csv")).status_code == 403


def test_a_call_shows_its_price_and_its_texts_only_to_those_who_may_change_prompts(
    tenant, browse: Browse, user: User, member: User
) -> None:
    from apps.accounts.models import Membership
    from apps.ai.registries import CallTexts, call_texts

    call = add_call(at=now(), cost=None, run_id=uuid.uuid4())
    texts = CallTexts(name="test", read=lambda key, run_id: ([("user", f"Ask about {key}")], "The secret answer"))
    with call_texts.temporarily(texts):
        page = said(browse(user), path("call_detail", call.pk))
        assert "unknown" in page
        assert "The secret answer" in page
        Membership.objects.filter(user=member).update(role="analyst")
        page = said(browse(member), path("call_detail", call.pk))
        assert "The secret answer" not in page
        assert "may change prompts" in page
    assert browse(user).get(path("call_detail", uuid.uuid4())).status_code == 404


@pytest.mark.parametrize(
    ("label", "link"),
    [("mine@3", "/prompts/mine/versions/3/"), ("task.drafting@1/large", "/prompts/built-in/task.drafting/"), ("mine@draft", ""),
     ("judge@1", ""), ("", "")],
)  # fmt: skip
def test_a_call_leads_to_the_prompt_it_was_made_with(tenant, browse: Browse, user: User, label: str, link: str) -> None:
    page = said(browse(user), path("call_detail", add_call(at=now(), prompt_version=label).pk))
    assert (f'href="{link}"' in page) if link else ("/prompts/mine" not in page and "/prompts/judge" not in page)


def test_a_budget_is_set_to_the_micro_dollar(tenant, browse: Browse, user: User) -> None:
    answer = browse(user).post(path("budget_create"), BUDGET | {"cap": "0.000007"})
    assert answer.status_code == 302, answer.content.decode()[-2000:]
    assert Budget.objects.get(scope="workflow").cap_micros == 7
    assert "Workflow" in said(browse(user), path("budget_list"))


@pytest.mark.parametrize(
    ("change", "said_there"),
    [({"cap": ""}, "required"), ({"cap": "-1"}, "greater than or equal to 0"), ({"cap": "a lot"}, "Enter a number"),
     ({"cap": "0.0000001"}, "6 decimal places"), ({"subject": ""}, "Say which one"), ({"scope": "platform"}, "Select a valid"),
     ({"scope": "tenant"}, "Leave this empty"), ({"scope": "user", "subject": "nobody@acme.example"}, "No member"),
     ({"scope": "user", "subject": "outsider@globex.example"}, "No member"), ({"period": "year"}, "Select a valid")],
)  # fmt: skip
def test_a_bad_budget_names_the_field_and_keeps_what_was_typed(
    tenant, browse: Browse, user: User, change: dict[str, str], said_there: str
) -> None:
    answer = browse(user).post(path("budget_create"), BUDGET | change)
    page = answer.content.decode()
    assert answer.status_code == 400
    assert said_there in page
    kept = (BUDGET | change)["subject"]
    assert f'value="{kept}"' in page or not kept
    assert not Budget.objects.filter(is_plan=False).exists()


def test_a_person_is_named_by_address(tenant, browse: Browse, user: User, member: User) -> None:
    browse(user).post(path("budget_create"), BUDGET | {"scope": "user", "subject": "Member@acme.example"})
    assert Budget.objects.get(scope="user").subject == str(member.pk)
    assert member.email in said(browse(user), path("budget_list")) or member.name in said(
        browse(user), path("budget_list")
    )


def test_changing_keeps_whom_it_binds_and_removing_can_be_taken_back(
    tenant, browse: Browse, user: User, member: User
) -> None:
    client = browse(user)
    client.post(path("budget_create"), BUDGET)
    budget = Budget.objects.get(scope="workflow")
    assert 'value="12.5"' in said(client, path("budget_edit", budget.pk))
    client.post(path("budget_edit", budget.pk), BUDGET | {"cap": "3", "subject": "another", "scope": "model"})
    budget.refresh_from_db()
    assert (budget.scope, budget.subject, budget.cap_micros) == ("workflow", "answer", 3_000_000)
    assert browse(member).post(path("budget_disable", budget.pk)).status_code == 403
    answer = client.post(path("budget_disable", budget.pk), follow=True)
    undo = list(answer.context["messages"])[-1].extra_tags.split("undo:")[1].split()[0]
    budget.refresh_from_db()
    assert budget.cap_micros is None
    assert client.get(path("budget_edit", budget.pk)).status_code == 404
    assert client.post(undo).status_code == 302
    budget.refresh_from_db()
    assert budget.cap_micros == 3_000_000
    assert client.post(path("budget_restore", "forged")).status_code == 404


def test_the_plans_allowance_is_shown_and_not_changed_here(tenant, browse: Browse, user: User) -> None:
    plan = Budget.objects.create(scope="tenant", period="month", is_plan=True)
    client = browse(user)
    assert "allowance of the plan" in said(client, path("budget_list"))
    assert client.post(path("budget_disable", plan.pk)).status_code == 404
    assert client.get(path("budget_edit", plan.pk)).status_code == 404


def test_a_tight_budget_is_noticed(tenant) -> None:
    from apps.ai import notices

    assert notices.budgets(5) == []
    facade.set_budget(scope="model", subject="gpt-4o", period="total", cap_micros=1000)
    budget = Budget.objects.get(scope="model")
    counter = BudgetCounter.objects.create(
        budget=budget, scope="model", subject="gpt-4o", rank=5, period_start="2000-01-01", spent_micros=790
    )
    assert notices.budgets(5) == []
    BudgetCounter.objects.filter(pk=counter.pk).update(reserved_micros=60)
    assert "85 %" in notices.budgets(5)[0].title
    BudgetCounter.objects.filter(pk=counter.pk).update(spent_micros=1000)
    assert notices.budgets(5)[0].tone == "bad"


def test_models_say_when_they_rest_and_when_they_end(tenant, browse: Browse, user: User, settings) -> None:
    from apps.ai.gateway.breaker import Breaker
    from apps.ai.gateway.route import route

    settings.OPENAI_API_KEY = "test-key"
    settings.LOCAL_MODEL_URL = None
    page = said(browse(user), path("model_list"))
    assert "Ready" in page
    assert "Jan. 14, 2027" in page
    first = Breaker.of(tenant.schema_name, route(purpose="work")[0].as_json())
    first.failed()
    first.failed()
    assert "Rests for" in said(browse(user), path("model_list"))


def test_prices_come_with_their_list_and_unknown_ones_are_not_zero(tenant, browse: Browse, user: User) -> None:
    page = said(browse(user), path("price_list"))
    assert "genai-prices" in page
    assert "$2.50" in page
    assert "$10.00" in page


def queries(client: Client, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_pages_take_the_same_queries_for_one_row_and_three(tenant, browse: Browse, user: User, member: User) -> None:
    def add(number: int, person: User) -> None:
        add_call(at=now(), user_id=person.pk, workflow=f"w{number}", model=f"m{number}")
        facade.set_budget(scope="user", subject=str(person.pk), period=("day", "month", "total")[number], cap_micros=10)

    add(0, user)
    client = browse(user)
    addresses = [path(name) for name in PAGES]
    before = [queries(client, address) for address in addresses]
    add(1, member)
    add(2, user)
    assert [queries(client, address) for address in addresses] == before
    assert max(before) <= 16, before
