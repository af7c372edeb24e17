"""Owners' rules for people: what one says in words, which could be made from what happened lately, what one would have let pass."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.utils.translation import gettext as _

from apps.connectors import facade as connectors
from apps.tenants.facade import current_tenant
from apps.workflows.approvals import reading, rules, wording
from apps.workflows.approvals.enums import ApprovalKind, ApprovalState
from apps.workflows.approvals.judging import judge_again
from apps.workflows.approvals.models import AllowanceDay, AllowRule, Approval
from apps.workflows.core.classes import COVERED, Allow, AllowKind, Facts, address_of, recipients_outside
from apps.workflows.enums import EffectClass
from apps.workflows.registries import step_types
from apps.workflows.services.clock import database_now

LOOKED_AT = 100
LATELY = timedelta(days=30)
OFFERED = 8
MAY_BE_COVERED = frozenset(code.value for codes in COVERED.values() for code in codes)


@dataclass(frozen=True, kw_only=True)
class RuleView:
    """A rule as the page shows it. ``spent`` is what an amount rule let pass today, as text."""

    row: AllowRule
    sentence: str
    made_by: str
    ended_by: str
    is_in_force: bool
    spent: str = ""


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A rule that could be made from what people approved lately: how often, and what to fill the form with."""

    sentence: str
    times: int
    query: str


@dataclass(frozen=True, kw_only=True)
class Preview:
    """Of the last ``looked_at`` acts that waited: which a rule would have let pass, and how many no rule may cover."""

    looked_at: int
    covered: list[Approval] = field(default_factory=list)
    never: int = 0


def sentence_of(rule: AllowRule) -> str:
    """What a rule says, in one plain sentence."""
    return _sentence(rule.kind, rule.values, rule.types, rule.amount_minor, rule.currency)


def sentences(rule_ids: Iterable[str]) -> dict[str, str]:
    """The sentence of each rule, by id."""
    known = [UUID(one) for one in set(rule_ids) if one]
    return {str(row.pk): sentence_of(row) for row in AllowRule.objects.filter(pk__in=known)} if known else {}


def _sentence(kind: str, values: list[str], types: list[str], amount_minor: int | None, currency: str) -> str:
    what = ", ".join(f"“{step_name(one)}”" for one in types) or _("Anything")
    who = ", ".join(str(one) for one in values)
    if kind == AllowKind.AMOUNT:
        amount = wording.amount_of(amount_minor or 0, currency)
        return _("%(what)s needs no decision, up to %(amount)s a day in all.") % {"what": what, "amount": amount}
    if kind == AllowKind.DOMAINS:
        return _("%(what)s to anybody at %(who)s needs no decision.") % {"what": what, "who": who}
    if kind == AllowKind.HOSTS:
        return _("%(what)s that writes to %(who)s needs no decision.") % {"what": what, "who": who}
    return _("%(what)s to %(who)s needs no decision.") % {"what": what, "who": who}


def step_name(type_name: str) -> str:
    """A step type for people, with its service: “Slack · Post a message”."""
    if type_name not in step_types:
        return type_name
    handler = step_types.get(type_name)
    service = {one.slug: str(one.title) for one in connectors.catalogue()}.get(getattr(handler, "connector", ""), "")
    title = _(str(handler.title)) if str(handler.title) else type_name
    return f"{service} · {title}" if service else title


def acting_types() -> list[tuple[str, str]]:
    """Step types that touch the world, by their names for people."""
    found = [
        (one.type, step_name(one.type))
        for one in step_types
        if one.effect not in (EffectClass.PURE, EffectClass.METERED)
    ]
    return sorted(found, key=lambda pair: pair[1].casefold())


def overview() -> list[RuleView]:
    """Every rule, those in force first, then the latest ended."""
    rows, named, now = rules.list_rules(), reading.names(), database_now()
    spent = dict(AllowanceDay.objects.filter(day=now.date()).values_list("rule_id", "spent_minor"))
    views = [
        RuleView(
            row=row,
            sentence=sentence_of(row),
            made_by=named.get(row.made_by, _("somebody who left")),
            ended_by=named.get(row.ended_by or 0, ""),
            is_in_force=row.ended_at is None and row.expires_at > now,
            spent=wording.amount_of(spent.get(row.pk, 0), row.currency) if row.kind == AllowKind.AMOUNT else "",
        )
        for row in rows
    ]
    return sorted(views, key=lambda view: not view.is_in_force)


def offers() -> list[Offer]:
    """Rules that would spare people what they approved at least once lately, the most frequent first."""
    since = database_now() - LATELY
    approved = Approval.objects.filter(kind=ApprovalKind.EFFECT, state=ApprovalState.APPROVED, decided_at__gte=since)
    facts = rules.facts_about(current_tenant())
    counted: Counter[tuple[str, str, str, str]] = Counter()
    sums: Counter[tuple[str, str, str, date]] = Counter()
    for row in approved.order_by("-decided_at")[:LOOKED_AT]:
        if not _may_be_covered(row) or row.type not in step_types:
            continue
        reach = wording.reach_of(row)
        if reach.amount_minor is not None and reach.amount_minor > 0 and reach.currency:
            counted[AllowKind.AMOUNT.value, row.type, "", reach.currency] += 1
            sums[row.type, reach.currency, "", row.asked_at.date()] += reach.amount_minor
        elif len(outside := recipients_outside(reach, facts)) == 1:
            counted[AllowKind.RECIPIENTS.value, row.type, address_of(outside[0]) or outside[0].lower(), ""] += 1
        elif not reach.recipients and reach.destination:
            counted[AllowKind.HOSTS.value, row.type, reach.destination.lower(), ""] += 1
    most = {(one[0], one[1]): 0 for one in sums}
    for (type_name, currency, _nothing, _day), amount in sums.items():
        most[type_name, currency] = max(most[type_name, currency], amount)
    return [
        _offer(kind, type_name, value, currency, most.get((type_name, currency), 0), times)
        for (kind, type_name, value, currency), times in counted.most_common(OFFERED)
    ]


def _offer(kind: str, type_name: str, value: str, currency: str, amount_minor: int, times: int) -> Offer:
    filled = {"kind": kind, "types": type_name, "values": value, "currency": currency}
    if amount_minor:
        filled["amount"] = wording.major_of(amount_minor, currency)
    return Offer(
        sentence=_sentence(kind, [value] if value else [], [type_name], amount_minor or None, currency),
        times=times,
        query=urlencode({name: text for name, text in filled.items() if text}),
    )


def preview(
    *, kind: str, values: Iterable[str], types: Iterable[str], amount_minor: int | None, currency: str
) -> Preview:
    """Judge the last acts that waited once more, as if the rule had been in force, oldest first. Nothing is kept."""
    facts = rules.facts_about(current_tenant())
    rule = Allow(
        id="preview",
        kind=AllowKind(kind),
        values=frozenset(value.strip().lower() for value in values if value.strip()),
        currency=currency.upper(),
        left_minor=amount_minor or 0,
        types=frozenset(types),
    )
    rows = Approval.objects.filter(kind=ApprovalKind.EFFECT, type__in=[one.type for one in step_types])
    latest = list(
        rows.exclude(state=ApprovalState.VOID)
        .select_related("run__version__workflow")
        .order_by("-asked_at")[:LOOKED_AT]
    )
    spent: Counter[date] = Counter()
    covered = [row for row in reversed(latest) if _may_be_covered(row) and _passes(row, rule, facts, spent)]
    return Preview(looked_at=len(latest), covered=covered[::-1], never=sum(not _may_be_covered(row) for row in latest))


def _passes(row: Approval, rule: Allow, facts: Facts, spent: Counter[date]) -> bool:
    day = row.asked_at.date()
    left = replace(rule, left_minor=max(0, rule.left_minor - spent[day]))
    with_rule = replace(facts, policy=replace(facts.policy, allows=(*facts.policy.allows, left)))
    judged = judge_again(row, text=row.payload, facts=with_rule)
    if judged.held or rule.id not in judged.verdict.allowed_by:
        return False
    spent[day] += max(0, wording.reach_of(row).amount_minor or 0)
    return True


def _may_be_covered(row: Approval) -> bool:
    return all(reason.get("code") in MAY_BE_COVERED for reason in row.reasons)


def values_typed(text: Any) -> list[str]:
    """One value per line or comma."""
    return [one.strip() for one in str(text or "").replace(",", "\n").splitlines() if one.strip()]
