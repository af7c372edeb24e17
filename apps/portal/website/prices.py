"""Plans, limits and prices as the pricing page shows them. Everything comes from the plan table; nothing is written down here."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from apps.core.money import Currency, Money
from apps.tenants.contracts import PlanOffer
from apps.tenants.facade import list_offered_plans

CURRENCIES = tuple(Currency)
# The currency most readers of a language pay in; the page offers the others.
USUAL_CURRENCY = {"es": Currency.EUR, "ur": Currency.PKR, "hi": Currency.INR, "de": Currency.EUR, "fr": Currency.EUR}
PERIODS = ("month", "year")
SHIPPED_WORDS = (
    _("One person trying the loop."),
    _("A small team with one Notion workspace."),
    _("Several teams, more at once."),
    _("Many clients under one roof."),
)


@dataclass(frozen=True, kw_only=True)
class PlanCard:
    """One plan; ``price`` is None where the table names none in the chosen currency."""

    key: str
    name: str
    description: str
    price: Money | None
    limits: list[str]


@dataclass(frozen=True, kw_only=True)
class PriceList:
    """The plans in one currency and period."""

    currency: Currency
    period: str
    plans: list[PlanCard]

    @property
    def currencies(self) -> tuple[Currency, ...]:
        """What may be chosen."""
        return CURRENCIES


def price_list(*, language: str, currency: str = "", period: str = "") -> PriceList:
    """Offered plans in the order of the table. An unknown currency or period falls back to the language's usual one, monthly."""
    chosen = Currency(currency) if currency in Currency.values else USUAL_CURRENCY.get(language, Currency.USD)
    span = period if period in PERIODS else PERIODS[0]
    return PriceList(currency=chosen, period=span, plans=[_card(plan, chosen, span) for plan in list_offered_plans()])


def _card(plan: PlanOffer, currency: Currency, period: str) -> PlanCard:
    amount = plan.prices.get(currency.value, {}).get(period)
    return PlanCard(
        key=plan.key,
        name=plan.name,
        description=gettext(plan.description) if plan.description else "",
        price=Money(amount, currency) if amount is not None else None,
        limits=[line for key in LIMIT_LINES if key in plan.limits for line in [_line(key, plan.limits[key])]],
    )


def _line(key: str, amount: int | None) -> str:
    if amount is None:
        return str(LIMIT_LINES[key])
    return _COUNTED[key](amount)


# The words for "without a limit"; also the order of the lines.
LIMIT_LINES: dict[str, str | Promise] = {
    "tasks_per_month": _("Tasks without a monthly limit"),
    "ai_cost_micros_per_month": _("Model calls without a monthly limit"),
    "members": _("As many people as you like"),
    "workspaces": _("As many connected accounts as you like"),
    "in_flight": _("Any number of tasks at once"),
    "storage_mb": _("Storage without a limit"),
}


def _tasks(amount: int) -> str:
    return ngettext("%(n)s task a month", "%(n)s tasks a month", amount) % {"n": _number(amount)}


def _spend(micros: int) -> str:
    return gettext("Model calls up to %(amount)s a month") % {
        "amount": isolated(Money.from_micros(micros).format(_locale()))
    }


def _people(amount: int) -> str:
    return ngettext("%(n)s person", "%(n)s people", amount) % {"n": _number(amount)}


def _connections(amount: int) -> str:
    return ngettext("%(n)s connected account", "%(n)s connected accounts", amount) % {"n": _number(amount)}


def _at_once(amount: int) -> str:
    return ngettext("%(n)s task at once", "%(n)s tasks at once", amount) % {"n": _number(amount)}


def _storage(megabytes: int) -> str:
    if megabytes >= 1000:
        return gettext("%(n)s GB of storage") % {"n": _number(megabytes // 1000)}
    return gettext("%(n)s MB of storage") % {"n": _number(megabytes)}


_COUNTED = {
    "tasks_per_month": _tasks,
    "ai_cost_micros_per_month": _spend,
    "members": _people,
    "workspaces": _connections,
    "in_flight": _at_once,
    "storage_mb": _storage,
}


def _number(amount: int) -> str:
    from babel.numbers import format_decimal

    return str(format_decimal(amount, locale=_locale()))


def isolated(text: str) -> str:
    """Keep the direction of an amount inside words of another one, where no markup can stand (Unicode UAX 9, FSI and PDI)."""
    return f"\u2068{text}\u2069"


def _locale() -> str:
    from apps.i18n.facade import babel_locale

    return babel_locale()
