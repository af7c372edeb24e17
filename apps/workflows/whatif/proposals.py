"""Finding workflows that keep failing, proposing a change, proving it by what-if, and letting the right person accept it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import Count
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from apps.core.errors import InvalidInput, PlatformError
from apps.workflows.enums import EffectClass, RunState
from apps.workflows.errors import UnknownWorkflow
from apps.workflows.models import HealingPolicy, Proposal, Run, StepRun, WhatIfRun, Workflow, WorkflowVersion
from apps.workflows.registries import step_types
from apps.workflows.services.versions import publish_workflow, rollback_workflow
from apps.workflows.whatif import drafting
from apps.workflows.whatif.enums import Author, ProposalState, Verdict, WhatIfState
from apps.workflows.whatif.errors import NotForYou, ProposalMoved, UnknownProposal
from apps.workflows.whatif.remedies import Cure, Fault, class_of_change, cures
from apps.workflows.whatif.services import Selection, ask_what_if
from apps.workflows.whatif.wording import reason_of, title_of

# Among the latest runs of the current version: the same step and error that often, or that share failed.
LOOKED_AT = 30
REPEATED = 3
SHARE_OF_TEN = 3
PROOF_FAILED = 20
PROOF_SUCCEEDED = 20
OPEN = (ProposalState.PROVING, ProposalState.PROVEN, ProposalState.HINT)
LATEST = """
SELECT r.id, r.state, r.error ->> 'path', r.error ->> 'code', r.error ->> 'message'
FROM workflows_run r WHERE r.version_id = %s AND r.what_if_id IS NULL AND r.state IN ('succeeded', 'failed')
ORDER BY r.id DESC LIMIT %s
"""
CURRENT_FAILING = """
SELECT DISTINCT w.slug FROM (SELECT version_id, state, what_if_id FROM workflows_run ORDER BY id DESC LIMIT 2000) r
JOIN workflows_workflow w ON w.current_id = r.version_id WHERE r.state = 'failed' AND r.what_if_id IS NULL ORDER BY w.slug LIMIT 50
"""


def look_after_workflows() -> list[UUID]:
    """Propose a change for every workflow of the current tenant that keeps failing; settle proofs that have ended.

    Outside a transaction, since a model may be asked. Safe to run twice: one open proposal per step and error (constraint).
    """
    settle_proofs()
    with connection.cursor() as cursor:
        cursor.execute(CURRENT_FAILING)
        slugs = [row[0] for row in cursor.fetchall()]
    found = []
    for slug in slugs:
        proposal = propose(workflow=slug)
        if proposal is not None:
            found.append(proposal)
    return found


def propose(*, workflow: str, asked: bool = False) -> UUID | None:
    """Propose a change for the fault that a workflow's latest runs share; None when there is none, or one was proposed lately.

    ``asked`` by a person: one failed run is enough, and an earlier dismissal does not count. Raises ``UnknownWorkflow``.
    """
    row = Workflow.objects.select_related("current").filter(slug=workflow).first()
    if row is None or row.current is None:
        raise UnknownWorkflow(detail=workflow)
    fault, failed = find_fault(row.current, least=1 if asked else REPEATED)
    if fault is None or _is_known(row, fault, asked=asked):
        return None
    cure = next(iter(cures(row.current.definition, fault)), None)
    author, own = Author.CATALOGUE, ""
    if cure is None or cure.remedy == "ask_person":
        drafted = drafting.draft(row.current.definition, fault, slug=workflow)
        if drafted is not None:
            cure, own, author = Cure(remedy="model", definition=drafted.definition), drafted.reason, Author.MODEL
    if cure is None or not drafting.is_valid(cure.definition, slug=workflow):
        return None
    return _keep(row, fault, cure, failed, author=author, own=own)


def find_fault(version: WorkflowVersion, *, least: int) -> tuple[Fault | None, list[UUID]]:
    """The most frequent step and error among a version's latest runs, and the runs it happened in."""
    with connection.cursor() as cursor:
        cursor.execute(LATEST, [version.pk, LOOKED_AT])
        rows = cursor.fetchall()
    groups: dict[tuple[str, str], list[Any]] = {}
    for row in rows:
        if row[1] == RunState.FAILED and row[2]:
            groups.setdefault((row[2].split("#")[0], row[3]), []).append(row)
    if not groups:
        return None, []
    (step_id, code), hits = max(groups.items(), key=lambda item: len(item[1]))
    often = len(hits) >= least
    failed = sum(row[1] == RunState.FAILED for row in rows)
    if not often and not (len(rows) >= 10 and failed * 10 >= len(rows) * SHARE_OF_TEN):
        return None, []
    body = version.definition["steps"].get(step_id, {})
    handler = step_types.get(body["type"]) if body.get("type") in step_types else None
    fault = Fault(
        step_id=step_id,
        code=code,
        message=hits[0][4] or "",
        timeout_s=handler.timeout_s if handler else 30.0,
        max_attempts=handler.retry.max_attempts if handler else 8,
        known=known_paths(hits[0][0]),
    )
    return fault, [row[0] for row in hits]


def known_paths(run_id: UUID) -> tuple[str, ...]:
    """Paths that lead somewhere in a run: its inputs and its steps' outputs, one level deep."""
    run = Run.objects.only("inputs").get(pk=run_id)
    found = [f"inputs.{name}" for name in run.inputs] if isinstance(run.inputs, Mapping) else []
    steps = StepRun.objects.filter(run_id=run_id, state=RunState.SUCCEEDED).values_list("step_id", "output")
    for step_id, output in steps:
        if isinstance(output, Mapping):
            found += [f"steps.{step_id}.output.{name}" for name in output]
    return tuple(dict.fromkeys(found))


def _is_known(workflow: Workflow, fault: Fault, *, asked: bool) -> bool:
    same = Proposal.objects.filter(workflow=workflow, step_id=fault.step_id, error_code=fault.code)
    if same.filter(state__in=OPEN).exists():
        return True
    return not asked and same.filter(base_id=workflow.current_id).exists()


def _keep(workflow: Workflow, fault: Fault, cure: Cure, failed: list[UUID], *, author: Author, own: str) -> UUID | None:
    assert workflow.current is not None
    change = cure.definition
    risk = "A" if change is None else class_for(workflow.current.definition, change, author=author)
    try:
        with transaction.atomic():
            what_if = None
            if change is not None:
                succeeded = Run.objects.filter(
                    version_id=workflow.current_id, state=RunState.SUCCEEDED, what_if__isnull=True
                )
                sample = list(succeeded.order_by("-pk").values_list("pk", flat=True)[:PROOF_SUCCEEDED])
                what_if = ask_what_if(
                    workflow=workflow.slug,
                    definition=change,
                    selection=Selection(run_ids=(*failed[:PROOF_FAILED], *sample)),
                    title=title_of(cure.remedy),
                )
            return Proposal.objects.create(
                workflow=workflow,
                base=workflow.current,
                step_id=fault.step_id,
                error_code=fault.code,
                remedy=cure.remedy,
                author=author,
                params=dict(cure.params),
                reason=own[:500],
                definition=change,
                risk_class=risk,
                failed_runs=len(failed),
                state=ProposalState.PROVING if change is not None else ProposalState.HINT,
                what_if_id=what_if,
            ).pk
    except IntegrityError:
        return None


def class_for(before: Mapping[str, Any], after: Mapping[str, Any], *, author: Author) -> str:
    """The class of a change; what a model drew is B at least, so that nothing of it is ever accepted by itself."""
    found = class_of_change(before, after, is_outside=is_outside)
    return max(found, "B") if author == Author.MODEL else found


def is_outside(step_type: str) -> bool:
    """Whether steps of a type have an effect outside; of an unknown type it is assumed. Model calls and reads do not count."""
    if step_type in ("switch", "parallel", "join", "condition", "loop"):
        return False
    handler = step_types.get(step_type) if step_type in step_types else None
    return handler is None or handler.effect not in (EffectClass.PURE, EffectClass.METERED)


def settle_proofs() -> int:
    """Read the proofs that have ended; what is proven and of class A is accepted where the workspace wants it so."""
    waiting = Proposal.objects.filter(state=ProposalState.PROVING).exclude(what_if__state=WhatIfState.RUNNING)
    settled = 0
    for proposal in list(waiting.select_related("workflow", "base")[:100]):
        settled += _settle(proposal)
    return settled


def _settle(proposal: Proposal) -> int:
    counts = proof_of(proposal)
    worse = counts["succeeded"].get(Verdict.WORSE, 0) + counts["succeeded"].get(Verdict.FAILED, 0)
    helped = counts["failed"].get(Verdict.BETTER, 0)
    untold = counts["failed"].get(Verdict.OPEN, 0)
    is_proven = not worse and bool(helped or untold)
    moved = Proposal.objects.filter(pk=proposal.pk, state=ProposalState.PROVING).update(
        state=ProposalState.PROVEN if is_proven else ProposalState.REFUTED,
        proof={**counts, "helped": helped, "untold": untold, "worse": worse},
    )
    if moved and is_proven and proposal.risk_class == "A" and accepts_class_a():
        try:
            accept_proposal(
                proposal_id=proposal.pk, actor=None, held=frozenset(), note=_("Accepted by itself: class A")
            )
        except PlatformError:
            return moved
    return moved


def proof_of(proposal: Proposal) -> dict[str, dict[str, int]]:
    """Verdicts of a proposal's comparison, over runs that had failed and runs that had succeeded."""
    rows = WhatIfRun.objects.filter(what_if_id=proposal.what_if_id, judged_at__isnull=False)
    counted: dict[str, dict[str, int]] = {"failed": {}, "succeeded": {}}
    for state, verdict, count in rows.values_list("origin__state", "verdict").annotate(n=Count("pk")).order_by():
        if state in counted:
            counted[state][verdict] = count
    return counted


def accepts_class_a() -> bool:
    """Whether the current tenant lets proven remedies of class A be accepted by themselves."""
    return HealingPolicy.objects.filter(accepts_class_a=True).exists()


def set_healing_policy(*, accepts_class_a: bool, actor: int) -> None:
    """Switch acceptance of class A on or off. The same call twice changes nothing more."""
    HealingPolicy.objects.update_or_create(
        pk=1, defaults={"accepts_class_a": accepts_class_a, "changed_by": actor, "changed_at": Now()}
    )


def accept_proposal(*, proposal_id: UUID, actor: int | None, held: frozenset[str], note: str = "") -> int:
    """Publish a proven change as a new version and return its number; the first acceptance counts.

    Class A needs ``workflows.manage``, class B also a note, class C also ``approvals.decide``; ``actor`` None is the workspace's
    own rule for class A. Raises ``UnknownProposal``, ``ProposalMoved`` (not proven, decided, or the workflow has changed since),
    ``NotForYou``, ``InvalidInput`` and what publishing raises.
    """
    proposal = require_proposal(proposal_id)
    note = note.strip()[:500]
    _require_right(proposal, actor=actor, held=held, note=note)
    with transaction.atomic():
        moved = Proposal.objects.filter(pk=proposal_id, state=ProposalState.PROVEN).update(
            state=ProposalState.ACCEPTED, decided_by=actor, decided_at=Now(), note=note
        )
        if not moved:
            raise ProposalMoved(detail=f"proposal {proposal_id} is {proposal.state}")
        said = note or reason_of(proposal.remedy, proposal.params, own=proposal.reason)
        version = publish_workflow(
            workflow=proposal.workflow.slug,
            definition=proposal.definition or {},
            user_id=actor,
            note=f"{title_of(proposal.remedy)}: {said}"[:500],
            based_on=proposal.base.number,
        )
    return version.number


def _require_right(proposal: Proposal, *, actor: int | None, held: frozenset[str], note: str) -> None:
    if actor is None:
        if proposal.risk_class != "A" or not accepts_class_a():
            raise NotForYou(detail="only class A, only where switched on")
        return
    if "workflows.manage" not in held or (proposal.risk_class == "C" and "approvals.decide" not in held):
        raise NotForYou(detail=proposal.risk_class)
    if proposal.risk_class != "A" and not note:
        raise InvalidInput(fields={"note": _("Say why, so that others can follow.")})


def dismiss_proposal(*, proposal_id: UUID, actor: int, note: str = "") -> None:
    """Put a proposal away; it is not made again for this version. Raises ``UnknownProposal``, ``ProposalMoved``."""
    require_proposal(proposal_id)
    moved = Proposal.objects.filter(pk=proposal_id, state__in=[*OPEN, ProposalState.REFUTED]).update(
        state=ProposalState.DISMISSED, decided_by=actor, decided_at=Now(), note=note.strip()[:500]
    )
    if not moved:
        raise ProposalMoved(detail=str(proposal_id))


def undo_proposal(*, proposal_id: UUID, actor: int) -> None:
    """Make the version from before an accepted change current again. Raises ``UnknownProposal``, ``ProposalMoved``."""
    proposal = require_proposal(proposal_id)
    with transaction.atomic():
        moved = Proposal.objects.filter(pk=proposal_id, state=ProposalState.ACCEPTED).update(state=ProposalState.UNDONE)
        if not moved:
            raise ProposalMoved(detail=str(proposal_id))
        rollback_workflow(
            workflow=proposal.workflow.slug,
            number=proposal.base.number,
            user_id=actor,
            note=_("Took back: %(what)s") % {"what": title_of(proposal.remedy)},
        )


def require_proposal(proposal_id: UUID) -> Proposal:
    """A proposal with its workflow and base version. Raises ``UnknownProposal``."""
    found = Proposal.objects.select_related("workflow", "base", "what_if").filter(pk=proposal_id).first()
    if found is None:
        raise UnknownProposal(detail=str(proposal_id))
    return found


def proposal_for(*, workflow: str, step_id: str, code: str) -> Proposal | None:
    """The open proposal for an error at a step of a workflow, else the latest accepted one. One query."""
    rows = Proposal.objects.filter(workflow__slug=workflow, step_id=step_id.split("#", maxsplit=1)[0], error_code=code)
    return rows.filter(state__in=[*OPEN, ProposalState.ACCEPTED]).order_by("-created_at").first()
