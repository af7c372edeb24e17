"""The five-step workflow of the engine's fault scenarios, the person who decides about doubtful effects, and the verdict."""

import contextlib
from collections.abc import Mapping
from typing import Any

import httpx
from django.db import connection, transaction

from apps.accounts.models import User
from apps.core.errors import Conflict, PlatformError
from apps.tenants.facade import get_tenant, tenant_context
from apps.workflows import facade
from apps.workflows.approvals.deciding import decide as decide_approval
from apps.workflows.approvals.enums import Channel
from apps.workflows.models import Approval

TENANTS = ("acme", "globex")
KINDS = ("keyed", "lookup", "blind", "metered")
STORM = {
    "schema": 1,
    "start": "keyed",
    "steps": {
        kind: {"type": f"test.{kind}", "with": {"reference": {"$text": "{{run.id}}"}}, "timeout_s": 1.2, "next": following,
               "retry": {"max_attempts": 20, "base_s": 0.05, "cap_s": 0.4}}
        for kind, following in zip(KINDS, (*KINDS[1:], "sum"), strict=True)
    }
    | {"sum": {"type": "set", "with": {"ids": [{"$ref": f"steps.{kind}.output.reference"} for kind in KINDS]}}},
    "output": {"ids": {"$ref": "steps.sum.output.ids"}},
}  # fmt: skip
TRUTHS = {
    "lost": "SELECT count(*) FROM workflows_run WHERE state <> 'succeeded'",
    "unfinished": "SELECT count(*) FROM workflows_run WHERE finished_at IS NULL",
    "wrong_outputs": "SELECT count(*) FROM workflows_run WHERE state = 'succeeded' AND outputs -> 'ids' IS DISTINCT FROM "
                     "jsonb_build_array(id, id, id, id)",
    "wrong_history": "SELECT count(*) FROM workflows_run r WHERE r.state = 'succeeded' AND (SELECT count(*) FROM workflows_steprun s "
                     "WHERE s.run_id = r.id AND s.state = 'succeeded') <> 5",
    "open_history": "SELECT count(*) FROM workflows_steprun s JOIN workflows_run r ON r.id = s.run_id WHERE r.finished_at IS NOT NULL "
                    "AND s.finished_at IS NULL AND s.state <> 'review'",
    "wrong_effects": "SELECT count(*) FROM workflows_run r WHERE r.state = 'succeeded' AND (SELECT count(*) FROM workflows_effect e "
                     "WHERE e.run_id = r.id AND e.state = 'succeeded') <> 4",
    "ledger_diff": "SELECT abs((SELECT coalesce(sum(cost_micros), 0) FROM workflows_usageentry WHERE account = 'tenant') - 1000 * "
                   "(SELECT count(*) FROM workflows_effect WHERE effect_class = 'metered' AND state = 'succeeded')) + "
                   "abs((SELECT coalesce(sum(cost_micros), 0) FROM workflows_run) - (SELECT coalesce(sum(cost_micros), 0) "
                   "FROM workflows_usageentry WHERE account = 'tenant'))",
}  # fmt: skip


def publish(*, approvals: bool = False) -> None:
    """The workflow, in every tenant; room for many runs at once. With ``approvals`` people must approve the blind step."""
    steps = {**STORM["steps"]}
    if approvals:
        steps["blind"] = {**steps["blind"], "approval": {"require": "always"}}
    with connection.cursor() as cursor:
        cursor.execute("UPDATE public.dispatch_tenantqueue SET max_in_flight = 500")
    for slug in TENANTS:
        with tenant_context(get_tenant(slug=slug)):
            facade.ensure_workflow(slug="storm", name="Storm", definition={**STORM, "steps": steps})


def start(number: int) -> None:
    """Start run ``number``; a second call changes nothing."""
    with tenant_context(get_tenant(slug=TENANTS[number % len(TENANTS)])), transaction.atomic():
        facade.start_run(workflow="storm", inputs={}, idempotency_key=f"run-{number}")


def numbers(sql: str) -> dict[str, int]:
    """A count per tenant."""
    found = {}
    for slug in TENANTS:
        with tenant_context(get_tenant(slug=slug)), connection.cursor() as cursor:
            cursor.execute(sql)
            found[slug] = int(cursor.fetchone()[0])
    return found


def total(sql: str) -> int:
    """A count over all tenants."""
    return sum(numbers(sql).values())


def state_of(url: str) -> dict[str, Any]:
    """The provider's own counts."""
    return dict(httpx.get(f"{url}/_state", timeout=30, trust_env=False).json())


def settle_doubts(url: str) -> int:
    """A person looks at the provider and says of each doubtful effect whether it happened, unless somebody else did. Returns how many."""
    settled = 0
    for slug in TENANTS:
        with tenant_context(get_tenant(slug=slug)):
            doubtful = facade.list_effects_in_review()
            applied = state_of(url)["applied"] if doubtful else {}
            for effect in doubtful:
                reference = str(effect.request["reference"])
                happened = applied[effect.type.partition(".")[2]].get(reference, 0) > 0
                try:
                    with transaction.atomic():
                        facade.resolve_effect(
                            effect_id=effect.id,
                            decision="happened" if happened else "send_again",
                            response={"reference": reference},
                            actor="checker",
                        )
                except PlatformError:
                    continue
                settled += 1
    return settled


def approve() -> int:
    """People approve what waits for them, each exactly what it says. Returns how many there were."""
    approved = 0
    for slug, email in (("acme", "owner@acme.example"), ("globex", "outsider@globex.example")):
        with tenant_context(get_tenant(slug=slug)):
            person = User.objects.get(email=email).pk
            for row in Approval.objects.filter(state="pending").order_by("pk")[:200]:
                with contextlib.suppress(Conflict):
                    decide_approval(
                        approval_id=row.pk,
                        choice="approve",
                        payload_hash=row.payload_hash,
                        user_id=person,
                        channel=Channel.API,
                    )
                    approved += 1
    return approved


def verdict(url: str, runs: int) -> dict[str, int]:
    """Everything that must be zero, and what makes the run worth something."""
    provider = state_of(url)
    applied: Mapping[str, Mapping[str, int]] = provider["applied"]
    figures = {name: total(sql) for name, sql in TRUTHS.items()}
    figures["lost"] += runs - total("SELECT count(*) FROM workflows_run")
    for kind in ("keyed", "lookup", "blind"):
        figures[f"doubled_{kind}"] = sum(count - 1 for count in applied[kind].values() if count > 1)
        figures[f"missing_{kind}"] = runs - len(applied[kind])
    billed = total("SELECT count(*) FROM workflows_usageentry WHERE account = 'tenant'")
    waste = total("SELECT count(*) FROM workflows_usageentry WHERE account = 'waste'")
    figures["unbooked_calls"] = max(0, sum(applied["metered"].values()) - billed - waste)
    figures["key_mismatches"] = provider["mismatches"]
    figures["open_work"] = total(
        "SELECT count(*) FROM public.dispatch_workitem WHERE kind = 'workflows.run' AND finished_at IS NULL"
    ) // len(TENANTS)
    return figures


def color(url: str) -> dict[str, int]:
    """Figures without a goal, that say how hard it was."""
    provider = state_of(url)
    return {
        "provider_requests": provider["requests"], "provider_faults": sum(provider["faults"].values()),
        "approvals": total("SELECT count(*) FROM workflows_approval WHERE state = 'approved'"),
        "sent_unapproved": total("SELECT count(*) FROM workflows_effect e WHERE e.held AND e.sends > 0 AND NOT EXISTS "
                                 "(SELECT FROM workflows_approval a WHERE a.effect_id = e.id AND a.spent_at IS NOT NULL)"),
        "reviews": total("SELECT count(*) FROM workflows_runevent WHERE event = '$effect'"),
        "waste": total("SELECT count(*) FROM workflows_usageentry WHERE account = 'waste'"),
        "attempts": total("SELECT count(*) FROM workflows_steprun"),
        "evidence": total("SELECT count(*) FROM workflows_evidence"),
        "claims_lost": total("SELECT coalesce(sum(jsonb_array_length(evidence->'losses')), 0) FROM public.dispatch_workitem "
                             "WHERE evidence ? 'losses'") // len(TENANTS),
    }  # fmt: skip


def last_loss_at() -> float:
    """When the last item was taken from a worker that was gone, in seconds since the epoch; 0 when none was."""
    sql = (
        "SELECT coalesce(extract(epoch FROM max((l ->> 'at')::timestamptz)), 0) FROM public.dispatch_workitem w, "
        "jsonb_array_elements(w.evidence -> 'losses') l"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return float(cursor.fetchone()[0])
