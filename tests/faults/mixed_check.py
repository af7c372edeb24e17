"""The verdict on the mixed scenario: what the provider counted and what our tables say, against what had to happen."""

from collections import Counter
from typing import Any

from django.db import connection, transaction

from apps.tenants.facade import get_tenant, tenant_context
from apps.workflows import facade
from apps.workflows.models import Effect, Run
from tests.faults.engine_check import TENANTS, state_of, total
from tests.faults.shapes import KINDS, PARTS, SHAPES, gist, inputs_of, shape_of

# Each must be zero.
TRUTHS = {
    "unfinished": "SELECT count(*) FROM workflows_run WHERE finished_at IS NULL",
    "open_history": "SELECT count(*) FROM workflows_steprun s JOIN workflows_run r ON r.id = s.run_id WHERE r.finished_at IS NOT NULL "
                    "AND s.finished_at IS NULL AND s.state <> 'review'",
    "steps_done_twice": "SELECT count(*) FROM (SELECT FROM workflows_steprun WHERE state = 'succeeded' GROUP BY run_id, path "
                        "HAVING count(*) > 1) doubled",
    "orphans": "SELECT count(*) FROM workflows_run c LEFT JOIN workflows_run p ON p.id = c.parent_id WHERE c.depth > 0 "
               "AND (p.id IS NULL OR c.finished_at IS NULL AND p.finished_at IS NOT NULL)",
    "children_doubled": "SELECT count(*) FROM (SELECT FROM workflows_run WHERE parent_id IS NOT NULL "
                        "GROUP BY parent_id, parent_path, parent_index HAVING count(*) > 1) doubled",
    "untold_endings": "SELECT count(*) FROM workflows_runevent e JOIN workflows_run r ON r.id = e.run_id "
                      "WHERE starts_with(e.event, '$child/') AND e.consumed_at IS NULL AND r.state = 'succeeded' AND "
                      "NOT EXISTS (SELECT FROM workflows_steprun s WHERE s.run_id = r.id AND s.path = split_part(e.slot, ' ', 1) "
                      "AND s.state = 'succeeded')",
    "sent_after_cancel": "SELECT count(*) FROM workflows_effect e JOIN workflows_run r ON r.id = e.run_id LEFT JOIN workflows_run p "
                         "ON p.id = r.parent_id WHERE (r.state = 'cancelled' AND e.first_sent_at > r.finished_at) "
                         "OR (p.state = 'cancelled' AND e.first_sent_at > p.finished_at)",
    "sent_unapproved": "SELECT count(*) FROM workflows_effect e WHERE e.held AND e.sends > 0 AND NOT EXISTS "
                       "(SELECT FROM workflows_approval a WHERE a.effect_id = e.id AND a.spent_at IS NOT NULL)",
    "open_questions": "SELECT count(*) FROM workflows_approval a JOIN workflows_run r ON r.id = a.run_id "
                      "WHERE a.state = 'pending' AND r.finished_at IS NOT NULL",
    "votes_too_many": "SELECT count(*) FROM (SELECT FROM workflows_approvalvote GROUP BY approval_id HAVING count(*) > 1) doubled",
    "ledger_diff": "SELECT abs((SELECT coalesce(sum(cost_micros), 0) FROM workflows_usageentry WHERE account = 'tenant') - 1000 * "
                   "(SELECT count(*) FROM workflows_effect WHERE effect_class = 'metered' AND state = 'succeeded')) + "
                   "abs((SELECT coalesce(sum(cost_micros), 0) FROM workflows_run) - (SELECT coalesce(sum(cost_micros), 0) "
                   "FROM workflows_usageentry WHERE account = 'tenant'))",
}  # fmt: skip
# The queue is one for all workspaces.
OPEN_WORK = "SELECT count(*) FROM public.dispatch_workitem WHERE kind = 'workflows.run' AND finished_at IS NULL"
ENDED_TWICE = (
    "SELECT count(*) FROM (SELECT w.ref FROM public.dispatch_workitem w JOIN workflows_run r ON r.id::text = w.ref "
    "WHERE w.kind = 'workflows.run' AND w.state = 'done' AND r.state = 'succeeded' "
    "AND NOT EXISTS (SELECT FROM workflows_steprun s WHERE s.run_id = r.id AND s.state = 'failed') "
    "GROUP BY w.ref HAVING count(*) > 1) doubled"
)
ZERO = (
    *TRUTHS,
    "lost",
    "wrong_outputs",
    "wrong_state",
    "children_missing",
    "doubled_keyed",
    "doubled_lookup",
    "doubled_blind",
    "missing",
    "uncalled_for",
    "unbooked_calls",
    "key_mismatches",
    "open_work",
    "ended_twice",
    "decided_twice",
    "decided_too_late",
)


def publish() -> None:
    """The workflows, parts before those that run them, in every tenant; room for many runs at once."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE public.dispatch_tenantqueue SET max_in_flight = 500")
    for slug in TENANTS:
        with tenant_context(get_tenant(slug=slug)):
            for name, (steps, output) in PARTS.items():
                _publish(name, steps, output)
            for name, shape in SHAPES.items():
                _publish(name, shape.steps, shape.output)


def _publish(name: str, steps: Any, output: Any) -> None:
    definition = {"schema": 1, "start": next(iter(steps)), "steps": steps}
    if output is not None:
        definition["output"] = output
    facade.ensure_workflow(slug=name, name=name, definition=definition)


def start(number: int) -> None:
    """Start run ``number``; a second call changes nothing."""
    with tenant_context(get_tenant(slug=_tenant(number))), transaction.atomic():
        facade.start_run(workflow=shape_of(number), inputs=inputs_of(number), idempotency_key=f"run-{number}")


def _tenant(number: int) -> str:
    return TENANTS[number // len(SHAPES) % len(TENANTS)]


def verdict(url: str, runs: int, people: Counter[str]) -> dict[str, int]:
    """Everything that must be zero."""
    provider = state_of(url)
    figures = {name: total(sql) for name, sql in TRUTHS.items()}
    figures |= _outcomes(runs) | _effects(provider["applied"], _ended(), runs)
    booked = total("SELECT count(*) FROM workflows_usageentry")
    figures["unbooked_calls"] = max(0, sum(provider["applied"]["metered"].values()) - booked)
    figures["key_mismatches"] = provider["mismatches"]
    figures["open_work"] = total(OPEN_WORK) // len(TENANTS)
    figures["ended_twice"] = total(ENDED_TWICE)
    figures["decided_twice"], figures["decided_too_late"] = people["decided_twice"], people["decided_too_late"]
    return figures


def _ended() -> dict[int, tuple[str, Any, int]]:
    """State, outputs and number of children (of children) by the number of the root run."""
    found: dict[int, tuple[str, Any, int]] = {}
    for slug in TENANTS:
        with tenant_context(get_tenant(slug=slug)):
            parents = dict(Run.objects.values_list("pk", "parent_id"))
            below: Counter[Any] = Counter()
            for key in parents:
                root = key
                while parents.get(root):
                    root = parents[root]
                below[root] += root != key
            for key, state, outputs, inputs in Run.objects.filter(parent_id=None).values_list(
                "pk", "state", "outputs", "inputs"
            ):
                found[int(inputs["ref"][1:])] = (state, outputs, below[key])
    return found


def _outcomes(runs: int) -> dict[str, int]:
    ended = _ended()
    figures = {"lost": runs - len(ended), "wrong_outputs": 0, "wrong_state": 0, "children_missing": 0}
    for number, (state, outputs, children) in ended.items():
        name = shape_of(number)
        if state != "succeeded":
            figures["wrong_state"] += name != "halt" or state != "cancelled"
            continue
        figures["wrong_outputs"] += gist(outputs) != SHAPES[name].must(f"r{number}", number)[1]
        figures["children_missing"] += children != SHAPES[name].children
    return figures


def _effects(applied: dict[str, dict[str, int]], ended: dict[int, tuple[str, Any, int]], runs: int) -> dict[str, int]:
    """The provider's counts against the oracle's; of a cancelled run any part may have happened, none of it twice."""
    figures = {f"doubled_{kind}": sum(count - 1 for count in applied[kind].values()) for kind in KINDS[:3]}
    must: Counter[tuple[str, str]] = Counter()
    may: Counter[tuple[str, str]] = Counter()
    for number in range(runs):
        places, _outputs = SHAPES[shape_of(number)].must(f"r{number}", number)
        may += places
        if ended.get(number, ("", None, 0))[0] == "succeeded":
            must += places
    happened = {(kind, reference) for kind in KINDS for reference in applied[kind]}
    return figures | {"missing": len(must.keys() - happened), "uncalled_for": len(happened - may.keys())}


def color(url: str, people: Counter[str]) -> dict[str, int | str]:
    """Figures without a goal, that say how hard it was."""
    provider = state_of(url)
    return {
        "last_to_end": _last_to_end(),
        "all_runs": total("SELECT count(*) FROM workflows_run"),
        "cancelled_runs": total("SELECT count(*) FROM workflows_run WHERE state = 'cancelled'"),
        "effects": sum(_count(slug) for slug in TENANTS),
        "provider_requests": provider["requests"],
        "provider_faults": sum(provider["faults"].values()),
        **{name: people[name] for name in ("doubts", "decided", "tried_too_late", "cancelled", "taken_back", "retried")},
        "asked_to_decided_p95_s": max(_asked_to_decided(slug) for slug in TENANTS),
        "waste": total("SELECT count(*) FROM workflows_usageentry WHERE account = 'waste'"),
        "attempts": total("SELECT count(*) FROM workflows_steprun"),
        "claims_lost": total("SELECT coalesce(sum(jsonb_array_length(evidence->'losses')), 0) FROM public.dispatch_workitem "
                             "WHERE evidence ? 'losses'") // len(TENANTS),
    }  # fmt: skip


def _count(slug: str) -> int:
    with tenant_context(get_tenant(slug=slug)):
        return Effect.objects.count()


def _last_to_end() -> str:
    """The shape of the root run that ended last, and how long it took in all."""
    found = []
    for slug in TENANTS:
        with tenant_context(get_tenant(slug=slug)):
            roots = Run.objects.filter(parent_id=None).exclude(finished_at=None).order_by("-finished_at")
            found += roots.values_list("finished_at", "created_at", "version__workflow__slug", "inputs__ref")[:1]
    if not found:
        return "none"
    ended, began, shape, ref = max(found)
    return f"{shape} {ref} {(ended - began).total_seconds():.1f} s"


def _asked_to_decided(slug: str) -> float:
    """95th percentile of the seconds a question waited for a word (those nobody should answer left out)."""
    sql = (
        "SELECT coalesce(percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM decided_at - asked_at)), 0) "
        "FROM workflows_approval WHERE state IN ('approved', 'denied')"
    )
    with tenant_context(get_tenant(slug=slug)), connection.cursor() as cursor:
        cursor.execute(sql)
        return round(float(cursor.fetchone()[0]), 2)
