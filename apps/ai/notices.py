"""What the gateway says on Home, in the notifications and in the palette."""

from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.ai import selectors
from apps.ai.catalogue import load_catalogue
from apps.ai.contracts import BudgetView
from apps.ai.enums import Scope
from apps.ai.gateway.ledger import dollars
from apps.ai.pages.filtering import names_of
from apps.ai.prompts import library
from apps.ai.usage.money import WARN_PERCENT, month_so_far, percent_of
from apps.core.dashboard import Notice
from apps.core.search import SearchHit


def budgets(limit: int) -> list[Notice]:
    """Budgets of which four fifths or more are gone, tightest first."""
    tight = selectors.tight_budgets(percent=WARN_PERCENT)[:limit]
    people = names_of(int(one.subject) for one in tight if one.scope == Scope.USER and one.subject.isdecimal())
    return [_notice(view, people) for view in tight]


def _notice(view: BudgetView, people: dict[int, str]) -> Notice:
    used = view.spent_micros + view.reserved_micros
    percent = percent_of(used, view.cap_micros) or 0
    whom = str(dict(Scope.choices).get(view.scope, view.scope))
    if view.subject:
        name = people.get(int(view.subject), view.subject) if view.subject.isdecimal() else view.subject
        whom = f"{whom} {name}"
    return Notice(
        title=_("Budget used up: %(whom)s") % {"whom": whom} if percent >= 100 else
              _("AI budget at %(percent)d %%: %(whom)s") % {"percent": percent, "whom": whom},
        text=_("$%(used)s of $%(cap)s. Raise it, or calls are refused at the cap.")
        % {"used": dollars(used), "cap": dollars(view.cap_micros or 0)},
        url=reverse("costs:budget_list"),
        icon="wallet",
        tone="bad" if percent >= 100 else "wait",
    )  # fmt: skip


def cost_card(request: HttpRequest) -> dict[str, Any]:
    """The month so far against its cap, for Home."""
    return {"month": month_so_far(selectors.list_budgets(), today=datetime.now(UTC).date())}


def find_models(query: str, limit: int) -> list[SearchHit]:
    """Models by their name; no query."""
    wanted = query.lower()
    return [
        SearchHit(title=name, url=f"{reverse('costs:usage')}?model={name}", icon="bot", kind=_("Model"))
        for name in load_catalogue().models
        if wanted in name.lower()
    ][:limit]


def find_prompts(query: str, limit: int) -> list[SearchHit]:
    """The workspace's prompts by title, name or purpose; one query."""
    return [
        SearchHit(title=prompt.title, url=reverse("prompts:prompt_detail", args=[prompt.slug]), icon="message-square",
                  kind=_("Prompt"))
        for prompt in library.list_prompts(search=query)[:limit]
    ]  # fmt: skip
