"""Asking what-if questions, cancelling them, and setting each shadow that ended against its past."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from apps.core.errors import InvalidInput
from apps.core.ids import new_id
from apps.dispatch import facade as dispatch
from apps.dispatch.contracts import NewWork
from apps.dispatch.enums import Queue
from apps.live import facade as live_updates
from apps.tenants.facade import current_tenant
from apps.workflows.conf import RUN_KIND, code_revision
from apps.workflows.enums import RunState
from apps.workflows.errors import UnknownWorkflow
from apps.workflows.models import Effect, Run, WhatIf, WhatIfRun, Workflow, WorkflowVersion
from apps.workflows.selectors import get_run
from apps.workflows.services.definitions import require_valid
from apps.workflows.services.recovery import cancel_run
from apps.workflows.whatif import figures, verdict
from apps.workflows.whatif.conf import MOST_RUNS, PRIORITY, USUAL_RUNS
from apps.workflows.whatif.enums import Answered, WhatIfState
from apps.workflows.whatif.errors import NothingToCompare, UnknownWhatIf
from apps.workflows.whatif.shadow import TRIGGER

RELEASE = """
UPDATE workflows_whatif SET held_micros = greatest(0, held_micros - %s) WHERE id = %s
"""


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which past runs: the latest ``last`` that ended, only those in ``state``, only those begun between two moments, or exactly
    ``run_ids``. Cancelled runs and shadows never count."""

    last: int = USUAL_RUNS
    state: str = ""
    since: datetime | None = None
    until: datetime | None = None
    run_ids: tuple[UUID, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The stored form."""
        return {
            "last": self.last,
            "state": self.state,
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
            "run_ids": [str(one) for one in self.run_ids],
        }


def ask_what_if(
    *,
    workflow: str,
    selection: Selection,
    version_number: int | None = None,
    definition: Mapping[str, Any] | None = None,
    model: str = "",
    cap_micros: int = 0,
    title: str = "",
    actor: int | None = None,
    what_if_id: UUID | None = None,
) -> UUID:
    """Start a shadow for each selected run with a version, a draft ``definition``, or (neither) the current version.

    Nothing leaves the workspace but model calls within ``cap_micros`` (0: none). All of it in one transaction. A second call with
    the same ``what_if_id`` starts nothing and returns it. Raises ``UnknownWorkflow``, ``InvalidInput`` (selection, model, version),
    ``InvalidDefinition`` and ``NothingToCompare``.
    """
    found = Workflow.objects.filter(slug=workflow).first()
    if found is None:
        raise UnknownWorkflow(detail=workflow)
    document, number = _document(found, version_number, definition)
    _check(selection, model, cap_micros)
    with transaction.atomic():
        what_if, is_new = WhatIf.objects.get_or_create(
            pk=what_if_id or new_id(),
            defaults={
                "workflow": found,
                "title": title[:160] or (_("Version %(n)d") % {"n": number} if number else _("Draft")),
                "version_number": number,
                "definition": document,
                "model": model,
                "pays": cap_micros > 0,
                "cap_micros": cap_micros,
                "selection": selection.as_json(),
                "created_by": actor,
            },
        )
        if is_new:
            runs = list(select_runs(found, selection))
            if not runs:
                raise NothingToCompare
            _start_shadows(what_if, runs)
    return what_if.pk


def _document(
    workflow: Workflow, number: int | None, definition: Mapping[str, Any] | None
) -> tuple[dict[str, Any], int | None]:
    if definition is not None:
        require_valid(definition, slug=workflow.slug)
        return dict(definition), None
    versions = WorkflowVersion.objects.filter(workflow=workflow)
    version = versions.filter(number=number).first() if number is not None else workflow.current
    if version is None:
        raise InvalidInput(fields={"version": _("There is no such version.")})
    return version.definition, version.number


def _check(selection: Selection, model: str, cap_micros: int) -> None:
    wrong = {}
    if not 1 <= selection.last <= MOST_RUNS:
        wrong["last"] = _("Between 1 and %(most)d runs.") % {"most": MOST_RUNS}
    if len(selection.run_ids) > MOST_RUNS:
        wrong["run_ids"] = _("At most %(most)d runs.") % {"most": MOST_RUNS}
    if selection.state not in ("", RunState.FAILED, RunState.SUCCEEDED):
        wrong["state"] = _("Succeeded, failed or both.")
    if selection.since and selection.until and selection.since >= selection.until:
        wrong["until"] = _("The end must come after the beginning.")
    if len(model) > 120:
        wrong["model"] = _("Too long.")
    if cap_micros < 0:
        wrong["cap"] = _("An amount of zero or more.")
    if wrong:
        raise InvalidInput(fields=wrong)


def select_runs(workflow: Workflow, selection: Selection) -> Sequence[Run]:
    """The past runs a selection means, newest first."""
    runs = Run.objects.filter(version__workflow=workflow, what_if__isnull=True)
    runs = runs.filter(state__in=[selection.state] if selection.state else [RunState.SUCCEEDED, RunState.FAILED])
    if selection.run_ids:
        runs = runs.filter(pk__in=selection.run_ids)
    if selection.since:
        runs = runs.filter(created_at__gte=selection.since)
    if selection.until:
        runs = runs.filter(created_at__lt=selection.until)
    return list(runs.order_by("-pk")[: MOST_RUNS if selection.run_ids else selection.last])


def _start_shadows(what_if: WhatIf, runs: Sequence[Run]) -> None:
    revision = code_revision()
    shadows = [
        Run(
            pk=(shadow_id := new_id()),
            version_id=run.version_id,
            inputs=run.inputs,
            trigger=TRIGGER,
            replay_of=run.pk,
            what_if=what_if,
            key_run_id=shadow_id,
            queue=Queue.BULK,
            priority=PRIORITY,
            revision=revision,
        )
        for run in runs
    ]
    Run.objects.bulk_create(shadows)
    WhatIfRun.objects.bulk_create(
        WhatIfRun(what_if=what_if, origin_id=run.pk, shadow_id=shadow.pk)
        for run, shadow in zip(runs, shadows, strict=True)
    )
    works = [
        NewWork(kind=RUN_KIND, ref=str(shadow.pk), queue=Queue.BULK, priority=PRIORITY, dedupe_key=str(shadow.pk),
                timeout_s=60, max_attempts=1000)
        for shadow in shadows
    ]  # fmt: skip
    dispatch.enqueue_many(tenant_id=current_tenant().id, works=works)


def cancel_what_if(*, what_if_id: UUID) -> None:
    """Stop a comparison that is under way; what was compared stays. One that has ended is left alone. Raises ``UnknownWhatIf``."""
    with transaction.atomic():
        moved = WhatIf.objects.filter(pk=what_if_id, state=WhatIfState.RUNNING).update(
            state=WhatIfState.CANCELLED, finished_at=Now()
        )
        if not moved:
            if not WhatIf.objects.filter(pk=what_if_id).exists():
                raise UnknownWhatIf(detail=str(what_if_id))
            return
        _announce(what_if_id)
    live = WhatIfRun.objects.filter(what_if_id=what_if_id, shadow__finished_at__isnull=True)
    for shadow_id in list(live.values_list("shadow_id", flat=True)):
        cancel_run(run_id=shadow_id, reason=_("The comparison was cancelled."))


def judge_what_if(what_if_id: UUID) -> int:
    """Set every shadow that ended and is not judged yet against its past; end the comparison after the last one.

    Returns how many were judged. Safe to run twice and at the same time: each is judged once, by a conditional update.
    """
    what_if = WhatIf.objects.filter(pk=what_if_id).select_related("workflow").first()
    if what_if is None:
        return 0
    waiting = WhatIfRun.objects.filter(what_if=what_if, judged_at__isnull=True, shadow__finished_at__isnull=False)
    judged = 0
    for row in waiting.select_related("shadow", "origin__version").order_by("pk"):
        with transaction.atomic():
            judged += _judge(what_if, row)
    with transaction.atomic():
        left = WhatIfRun.objects.filter(what_if=what_if, judged_at__isnull=True).exists()
        if not left:
            WhatIf.objects.filter(pk=what_if_id, state=WhatIfState.RUNNING).update(
                state=WhatIfState.DONE, finished_at=Now()
            )
        _announce(what_if_id)
    return judged


def _judge(what_if: WhatIf, row: WhatIfRun) -> int:
    origin, shadow = get_run(row.origin_id), get_run(row.shadow_id)
    answers = answers_of(row.shadow_id)
    before = figures.figures_of(origin, classes=classes_of(row.origin_id))
    after = figures.figures_of(shadow, classes=classes_of(row.shadow_id))
    changes = figures.output_changes(figures.result_of(origin), figures.result_of(shadow))
    softened = verdict.patience_changed(row.origin.version.definition, what_if.definition)
    found = verdict.verdict_of(before, after, is_same_output=not changes, answers=answers, softened=softened)
    count = WhatIfRun.objects.filter(pk=row.pk, judged_at__isnull=True).update(
        verdict=found,
        before=before,
        after=figures.expected(after, origin=origin, shadow=shadow, answers=answers),
        changes=[asdict(change) for change in changes[:50]],
        answers=answers,
        held_micros=shadow.cost_micros,
        judged_at=Now(),
    )
    if count and row.held_micros != shadow.cost_micros:
        with connection.cursor() as cursor:
            cursor.execute(RELEASE, [row.held_micros - shadow.cost_micros, what_if.pk])
    return count


def answers_of(shadow_id: UUID) -> dict[str, str]:
    """Where each outside answer of a shadow came from, by path."""
    rows = Effect.objects.filter(run_id=shadow_id).values_list("path", "response", "dry_run")
    return {
        path: (response or {}).get("what_if", Answered.NOT_SENT.value) if dry_run else Answered.ASKED.value
        for path, response, dry_run in rows
    }


def classes_of(run_id: UUID) -> list[str]:
    """Risk classes computed for a run's effects, where any were."""
    return list(Effect.objects.filter(run_id=run_id).exclude(risk_class="").values_list("risk_class", flat=True))


def finish_what_ifs() -> int:
    """Judge what a lost hint left behind: comparisons under way with ended shadows. Returns how many were looked at."""
    running = list(WhatIf.objects.filter(state=WhatIfState.RUNNING).values_list("pk", flat=True)[:100])
    for what_if_id in running:
        judge_what_if(what_if_id)
    return len(running)


def _announce(what_if_id: UUID) -> None:
    live_updates.changed(tenant_id=current_tenant().id, topics=[f"whatif:{what_if_id}"])
