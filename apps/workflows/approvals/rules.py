"""What a workspace settled about risk: its policy, the rules its owner made, and what those let pass today."""

from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.db.models.functions import Now

from apps.accounts import facade as accounts
from apps.tenants import facade as tenants
from apps.tenants.contracts import TenantRef
from apps.workflows.approvals.models import AllowanceDay, AllowRule, ApprovalPolicy
from apps.workflows.core.classes import BULK_LIMIT, Allow, AllowKind, Facts, Policy

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
