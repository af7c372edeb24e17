"""What a workspace settled about risk: its policy, the rules its owner made, and what those let pass today."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from babel.core import get_global
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from apps.accounts import facade as accounts
from apps.core.errors import Conflict, InvalidInput, NotFound
from apps.tenants import facade as tenants
from apps.tenants.contracts import TenantRef
from apps.workflows.approvals.models import AllowanceDay, AllowRule, ApprovalPolicy
from apps.workflows.core.classes import BULK_LIMIT, Allow, AllowKind, Facts, Policy
from apps.workflows.registries import step_types
from apps.workflows.services.clock import database_now

# Owners alone hold it, and staff acting for them do not.
OWNERS = "owners.manage"
LONGEST = timedelta(days=366)
MOST_VALUES = 50
MOST_MINOR = 10**15
DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
TAKE = """
INSERT INTO workflows_allowanceday (rule_id, day, spent_minor)
SELECT r.id, (clock_timestamp() AT TIME ZONE 'UTC')::date, %(amount)s FROM workflows_allowrule r
WHERE r.id = %(rule)s AND %(amount)s <= r.amount_minor AND r.ended_at IS NULL AND r.expires_at > clock_timestamp()
ON CONFLICT (rule_id, day) DO UPDATE SET spent_minor = workflows_allowanceday.spent_minor + excluded.spent_minor
WHERE workflows_allowanceday.spent_minor + excluded.spent_minor
      <= (SELECT r.amount_minor FROM workflows_allowrule r WHERE r.id = %(rule)s)
RETURNING rule_id
"""


def policy_in_force() -> Policy:
    """The policy row with every rule that has neither ended nor expired, by the database's clock. Three queries at most."""
    row = ApprovalPolicy.objects.first()
    rules = list(AllowRule.objects.filter(ended_at=None, expires_at__gt=Now()).order_by("created_at", "pk"))
    spent: dict[Any, int] = {}
    if any(rule.amount_minor for rule in rules):
        today = datetime.now(tz=UTC).date()
        spent = dict(AllowanceDay.objects.filter(day=today).values_list("rule_id", "spent_minor"))
    return Policy(
        bulk_limit=row.bulk_limit if row else BULK_LIMIT,
        hold_writes=bool(row and row.hold_writes),
        hold_types=frozenset(row.hold_types if row else ()),
        allows=tuple(
            Allow(
                id=str(rule.pk),
                kind=AllowKind(rule.kind),
                values=frozenset(str(value).lower() for value in rule.values),
                currency=rule.currency,
                left_minor=max(0, (rule.amount_minor or 0) - spent.get(rule.pk, 0)),
                types=frozenset(rule.types),
            )
            for rule in rules
        ),
    )


def facts_about(tenant: TenantRef) -> Facts:
    """Who belongs to the workspace, which domains are its own, and its policy."""
    members = accounts.list_members(tenant_id=tenant.id)
    return Facts(
        members=frozenset(
            member.user.email.lower() for member in members if member.user.is_active and member.user.email
        ),
        domains=tenants.list_own_domains(tenant_id=tenant.id),
        policy=policy_in_force(),
    )


def take_allowance(*, rule_id: str, amount_minor: int) -> bool:
    """Count an amount against a rule's sum for today (UTC). False when it would not fit any more; then nothing was counted."""
    with connection.cursor() as cursor:
        cursor.execute(TAKE, {"rule": rule_id, "amount": amount_minor})
        return cursor.fetchone() is not None


def list_rules() -> list[AllowRule]:
    """Every rule, those in force first."""
    rows = list(AllowRule.objects.order_by("-created_at"))
    return sorted(rows, key=lambda rule: rule.ended_at is not None)


def make_rule(
    *,
    user_id: int,
    kind: str,
    reason: str,
    expires_at: datetime,
    values: Sequence[str] = (),
    types: Sequence[str] = (),
    amount_minor: int | None = None,
    currency: str = "",
) -> AllowRule:
    """An owner lets acts pass: to these recipients, domains or hosts, or money up to ``amount_minor`` a day, at most for a year.

    ``types`` narrows it to step types. It counts for acts that are intended from now on; what was asked already stays asked.
    Raises ``NotAllowed`` for everybody but owners, and ``InvalidInput`` naming the fields.
    """
    accounts.require(user_id, OWNERS)
    kept = sorted({value.strip().lower() for value in values if value.strip()})
    problems = _problems(kind, reason, expires_at, kept, types, amount_minor, currency)
    if problems:
        raise InvalidInput(fields=problems)
    is_amount = kind == AllowKind.AMOUNT
    return AllowRule.objects.create(
        kind=kind,
        values=[] if is_amount else kept,
        types=sorted(set(types)),
        amount_minor=amount_minor if is_amount else None,
        currency=currency.upper() if is_amount else "",
        reason=reason.strip(),
        made_by=user_id,
        expires_at=expires_at,
    )


def _problems(
    kind: str,
    reason: str,
    expires_at: datetime,
    values: Sequence[str],
    types: Sequence[str],
    amount_minor: int | None,
    currency: str,
) -> dict[str, Any]:
    now = database_now()
    problems: dict[str, Any] = {}
    if kind not in set(AllowKind):
        problems["kind"] = _("Use one of: %(known)s.") % {"known": ", ".join(AllowKind)}
    if not reason.strip() or len(reason) > 300:
        problems["reason"] = _("Say why, in at most 300 characters.")
    if not now < expires_at <= now + LONGEST:
        problems["expires_at"] = _("Choose a moment within the next year.")
    if unknown := [one for one in types if one not in step_types]:
        problems["types"] = _("Unknown step type: %(type)s.") % {"type": unknown[0]}
    if kind == AllowKind.AMOUNT:
        if not 0 < (amount_minor or 0) <= MOST_MINOR or not is_currency(currency):
            problems["amount_minor"] = _("Give an amount above zero and its currency.")
    elif not values:
        problems["values"] = _("Name at least one.")
    elif len(values) > MOST_VALUES or any(len(value) > 320 or not value.isprintable() for value in values):
        problems["values"] = _("At most %(n)d, each of at most 320 characters.") % {"n": MOST_VALUES}
    elif kind == AllowKind.DOMAINS and (wrong := [value for value in values if not DOMAIN.fullmatch(value)]):
        problems["values"] = _("“%(value)s” is not a domain such as customer.example.") % {"value": wrong[0]}
    return problems


def is_currency(code: str) -> bool:
    """Whether it is a currency people use (ISO 4217)."""
    return code.upper() in get_global("all_currencies")


def end_rule(*, user_id: int, rule_id: UUID) -> bool:
    """End a rule now; it stays on record. False when it had ended. Owners only."""
    accounts.require(user_id, OWNERS)
    return bool(AllowRule.objects.filter(pk=rule_id, ended_at=None).update(ended_at=Now(), ended_by=user_id))


def renew_rule(*, user_id: int, rule_id: UUID) -> AllowRule:
    """Take the end of a rule back by making the same anew; a second call returns that one. Owners only.

    What it let pass today counts on. Raises ``NotFound``, and ``Conflict`` when it has not ended or its time is over.
    """
    accounts.require(user_id, OWNERS)
    with transaction.atomic():
        old = AllowRule.objects.select_for_update().filter(pk=rule_id).first()
        if old is None:
            raise NotFound
        if again := AllowRule.objects.filter(renews=old).first():
            return again
        if old.ended_at is None or old.expires_at <= database_now():
            raise Conflict(_("This rule is in force, or its time is over. Make a new one."))
        same = ("kind", "values", "types", "amount_minor", "currency", "reason", "expires_at")
        new = AllowRule.objects.create(made_by=user_id, renews=old, **{name: getattr(old, name) for name in same})
        AllowanceDay.objects.bulk_create(
            AllowanceDay(rule=new, day=one.day, spent_minor=one.spent_minor) for one in old.days.all()
        )
    return new


def change_policy(*, user_id: int, hold_writes: bool, hold_types: Sequence[str], bulk_limit: int) -> ApprovalPolicy:
    """Make the workspace stricter, or as strict as usual again; it can never be laxer. Owners only. Raises ``InvalidInput``."""
    accounts.require(user_id, OWNERS)
    if not 1 <= bulk_limit <= BULK_LIMIT:
        raise InvalidInput(fields={"bulk_limit": _("Between 1 and %(most)d.") % {"most": BULK_LIMIT}})
    said = {"hold_writes": hold_writes, "hold_types": sorted(set(hold_types)), "bulk_limit": bulk_limit}
    row, _created = ApprovalPolicy.objects.update_or_create(
        pk=1, defaults={**said, "changed_by": user_id, "changed_at": Now()}
    )
    return row
