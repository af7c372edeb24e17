"""Risk classes from reach: what an act may do decides who must say yes to it. Pure; no clock, no tables, no names of services.

Class A runs: reads, model calls, the workspace's own rows, messages to members only. Class B runs and is logged: writes to the
workspace's own connected systems that can be taken back. Class C waits for a person. Whatever cannot be told counts as C: the
class may come out too high, never too low. The workspace's policy may raise it; rules its owner made may take single reasons away,
and then C becomes B, never A.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from apps.core.reach import Audience, Reach

BULK_LIMIT = 25
_PLAIN = re.compile(r"([^\s@<>,;:\"()\[\]\\]+)@([A-Za-z0-9](?:[A-Za-z0-9.\-]*[A-Za-z0-9])?)\Z")
_NAMED = re.compile(r"[^@<>,;:\"()\[\]\\]*<([^<>]+)>\Z")


class RiskClass(StrEnum):
    """Ordered by letter: A needs nobody, C needs a person."""

    A = "A"
    B = "B"
    C = "C"


class ReasonCode(StrEnum):
    """Why an act has its class; stable. ``approvals.wording`` has the sentences."""

    PURE = "own_rows"
    MODEL = "model_call"
    READS = "reads"
    MEMBERS = "members_only"
    WRITES = "writes_connected"
    OUTSIDE = "recipients_outside"
    PUBLIC = "public"
    MONEY = "money"
    DELETES = "deletes"
    PERSONAL = "personal_data"
    GRANTS = "grants"
    BULK = "bulk"
    UNKNOWN = "unknown_reach"
    TAINTED = "untrusted_choice"
    POLICY = "policy_raises"
    STEP = "step_asks"
    ALLOWED = "allowed_by_rule"


class AllowKind(StrEnum):
    """What a rule lets pass: named people or their domains, places that are written to, or money up to a daily sum."""

    RECIPIENTS = "recipients"
    DOMAINS = "domains"
    HOSTS = "hosts"
    AMOUNT = "amount"


# What a rule of each kind may take away. Everything else always waits for a person; the database holds this too (migration 0015).
COVERED = {
    AllowKind.RECIPIENTS: frozenset({ReasonCode.OUTSIDE, ReasonCode.PERSONAL}),
    AllowKind.DOMAINS: frozenset({ReasonCode.OUTSIDE, ReasonCode.PERSONAL}),
    AllowKind.HOSTS: frozenset({ReasonCode.OUTSIDE, ReasonCode.UNKNOWN, ReasonCode.PERSONAL}),
    AllowKind.AMOUNT: frozenset({ReasonCode.MONEY}),
}


@dataclass(frozen=True, kw_only=True)
class Allow:
    """An owner's rule that is in force now. ``left_minor`` is what may still be spent today in ``currency`` (amount rules)."""

    id: str
    kind: AllowKind
    values: frozenset[str] = frozenset()
    currency: str = ""
    left_minor: int = 0
    types: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What the workspace settled. ``hold_writes`` makes every write wait, ``hold_types`` those of the step types named."""

    bulk_limit: int = BULK_LIMIT
    hold_writes: bool = False
    hold_types: frozenset[str] = frozenset()
    allows: tuple[Allow, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the rules look at besides the reach. ``members`` are addresses in lower case, ``domains`` the workspace's own.

    ``taints``: settings that text from a model or a stranger filled (dotted path -> recipient, url, amount, object or tool).
    """

    type: str = ""
    effect_class: str = "blind"
    members: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()
    taints: Mapping[str, str] = field(default_factory=dict)
    policy: Policy = Policy()


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One code with what it is about: addresses, a host, an amount, a setting.

    Of ``ALLOWED``: ``rule`` names the rule that let it pass, ``over`` the reason that would have made it wait.
    """

    code: ReasonCode
    detail: str = ""
    rule: str = ""
    over: str = ""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The class, its reasons (the weightiest first), and which rules brought it down from C."""

    risk: RiskClass
    reasons: tuple[Reason, ...]
    allowed_by: tuple[str, ...] = ()


def classify(reach: Reach, facts: Facts) -> Verdict:
    """The class of an act with this reach. Doubt raises it; only an owner's rule in ``facts.policy`` lowers it."""
    heavy, outside = _heavy(reach, facts)
    allowed: list[Reason] = []
    left = [reason for reason in heavy if not _is_allowed(reason, reach, facts, outside, allowed)]
    if left:
        return Verdict(risk=RiskClass.C, reasons=tuple(left))
    raised = _raised(reach, facts)
    if raised is not None:
        return Verdict(risk=RiskClass.C, reasons=(raised,))
    if allowed:
        rules = dict.fromkeys(reason.rule for reason in allowed)
        return Verdict(risk=RiskClass.B, reasons=tuple(allowed), allowed_by=tuple(rules))
    return _light(reach, facts)


def riskier(one: Verdict, than: Verdict) -> bool:
    """Whether ``one`` has a higher class, or C for a reason the other did not have: what approval of the other did not cover."""
    before = {(reason.code, reason.detail) for reason in than.reasons}
    new = any((reason.code, reason.detail) not in before for reason in one.reasons)
    return one.risk > than.risk or (one.risk is RiskClass.C and new)


def address_of(recipient: str) -> str:
    """The mail address a recipient stands for, in lower case; empty for anything that is not plainly one address."""
    text = recipient.strip()
    named = _NAMED.match(text)
    plain = _PLAIN.match((named.group(1) if named else text).strip())
    return f"{plain.group(1)}@{plain.group(2)}".lower() if plain else ""


def recipients_outside(reach: Reach, facts: Facts) -> tuple[str, ...]:
    """Recipients that are not members'. Where only the workspace looks, a place that is no mail address is taken at its word."""
    return tuple(one for one in reach.recipients if not _is_inside(one, reach.audience, facts))


def _heavy(reach: Reach, facts: Facts) -> tuple[list[Reason], tuple[str, ...]]:
    """Every reason for C, and the recipients that are not the workspace's."""
    found: list[Reason] = []
    if reach.audience is Audience.UNKNOWN:
        found.append(Reason(code=ReasonCode.UNKNOWN, detail=reach.destination))
    if reach.audience is Audience.PUBLIC:
        found.append(Reason(code=ReasonCode.PUBLIC, detail=reach.destination))
    outside = recipients_outside(reach, facts)
    nobody_named = reach.audience is Audience.OUTSIDE and reach.writes and not reach.recipients
    stays_inside = bool(reach.recipients) and not outside
    if outside or nobody_named:
        found.append(Reason(code=ReasonCode.OUTSIDE, detail=", ".join(outside[:5]) or reach.destination))
    if reach.amount_minor is not None or reach.currency:
        amount = reach.amount_minor if reach.amount_minor is not None else -1
        found.append(Reason(code=ReasonCode.MONEY, detail=f"{amount} {reach.currency}".strip()))
    for is_so, code in (
        (reach.deletes, ReasonCode.DELETES),
        (reach.personal and not stays_inside, ReasonCode.PERSONAL),
        (reach.grants, ReasonCode.GRANTS),
    ):
        if is_so:
            found.append(Reason(code=code, detail=reach.destination))
    count = max(reach.objects, len(reach.recipients))
    if (_acts(reach) and count > facts.policy.bulk_limit) or reach.objects < 0:
        found.append(Reason(code=ReasonCode.BULK, detail=str(count)))
    elif _acts(reach) and reach.objects == 0:
        found.append(Reason(code=ReasonCode.UNKNOWN))
    found += [
        Reason(code=ReasonCode.TAINTED, detail=f"{path} ({kind})")
        for path, kind in sorted(facts.taints.items())
        if _acts(reach) or kind not in ("object", "amount")
    ]
    return found, outside


def _acts(reach: Reach) -> bool:
    """Whether it is more than a read; asking a host outside something is one."""
    return reach.writes or reach.audience not in (Audience.NOBODY, Audience.OUTSIDE) or bool(reach.recipients)


def _is_inside(recipient: str, audience: Audience, facts: Facts) -> bool:
    address = address_of(recipient)
    if address:
        return address in facts.members or address.rpartition("@")[2] in facts.domains
    return audience is Audience.WORKSPACE and bool(recipient.strip()) and "@" not in recipient.strip()[1:]


def _is_allowed(reason: Reason, reach: Reach, facts: Facts, outside: tuple[str, ...], allowed: list[Reason]) -> bool:
    for rule in facts.policy.allows:
        if reason.code not in COVERED[rule.kind] or (rule.types and facts.type not in rule.types):
            continue
        if _covers(rule, reason, reach):
            allowed.append(_lifted(reason, rule))
            return True
    if reason.code in (ReasonCode.OUTSIDE, ReasonCode.PERSONAL) and outside:
        used = [_rule_for(one, facts) for one in outside]
        if all(used):
            allowed += dict.fromkeys(_lifted(reason, rule) for rule in used if rule is not None)
            return True
    return False


def _lifted(reason: Reason, rule: Allow) -> Reason:
    return Reason(code=ReasonCode.ALLOWED, detail=reason.detail, rule=rule.id, over=reason.code.value)


def _covers(rule: Allow, reason: Reason, reach: Reach) -> bool:
    if rule.kind is AllowKind.AMOUNT:
        amount = reach.amount_minor if reach.amount_minor is not None else -1
        return bool(rule.currency) and rule.currency == reach.currency and 0 <= amount <= rule.left_minor
    if rule.kind is AllowKind.HOSTS and reach.destination and reach.destination.lower() in rule.values:
        return reason.code is ReasonCode.PERSONAL or (not reach.recipients and reach.objects != 0)
    return False


def _rule_for(recipient: str, facts: Facts) -> Allow | None:
    address = address_of(recipient)
    for rule in facts.policy.allows:
        if rule.types and facts.type not in rule.types:
            continue
        if rule.kind is AllowKind.RECIPIENTS and (address or recipient.strip().lower()) in rule.values:
            return rule
        if rule.kind is AllowKind.DOMAINS and address and address.rpartition("@")[2] in rule.values:
            return rule
    return None


def _raised(reach: Reach, facts: Facts) -> Reason | None:
    if facts.type in facts.policy.hold_types:
        return Reason(code=ReasonCode.POLICY, detail=facts.type)
    if facts.policy.hold_writes and _acts(reach) and facts.effect_class != "pure":
        return Reason(code=ReasonCode.POLICY)
    return None


def _light(reach: Reach, facts: Facts) -> Verdict:
    if reach.recipients:
        risk, code = RiskClass.A, ReasonCode.MEMBERS
    elif facts.effect_class == "pure":
        risk, code = RiskClass.A, ReasonCode.PURE
    elif not _acts(reach):
        risk, code = RiskClass.A, ReasonCode.MODEL if facts.effect_class == "metered" else ReasonCode.READS
    else:
        risk, code = RiskClass.B, ReasonCode.WRITES
    return Verdict(risk=risk, reasons=(Reason(code=code, detail=reach.destination),))


def from_stored(risk: str, reasons: Iterable[Mapping[str, str]]) -> Verdict:
    """A verdict as it was kept with an effect."""
    return Verdict(
        risk=RiskClass(risk),
        reasons=tuple(
            Reason(
                code=ReasonCode(one["code"]),
                detail=one.get("detail", ""),
                rule=one.get("rule", ""),
                over=one.get("over", ""),
            )
            for one in reasons
        ),
    )


def to_stored(verdict: Verdict) -> list[dict[str, str]]:
    """Reasons as they are kept."""
    return [
        {"code": reason.code.value, "detail": reason.detail[:500]}
        | ({"rule": reason.rule, "over": reason.over} if reason.rule else {})
        for reason in verdict.reasons
    ]
