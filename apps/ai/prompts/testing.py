"""Tests of a prompt: cases a wording must get right, tried with real calls that are paid for like any other.

A run of the tests takes one case after the other as work of the queue, so it goes on where it was when a process dies; what a
case gave is written once. Each run keeps the wording it tried, by whose hash results follow a draft into the version it becomes.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from apps.ai import services
from apps.ai.contracts import Check, CheckResult, CompletionRequest, ReviewRequest, Rubric
from apps.ai.enums import Decision, Purpose, Quality, TestRunState, TestState
from apps.ai.errors import InvalidRequest, NoTestCases, TestsRunning
from apps.ai.gateway import limits, plan, route
from apps.ai.models import Prompt, PromptCase, PromptTestResult, PromptTestRun, PromptVersion
from apps.ai.prompts import library, wording
from apps.ai.quality import checks as mechanical
from apps.ai.quality.demands import read_demands
from apps.core.errors import InvalidInput, NotFound, PlatformError
from apps.dispatch import facade as dispatch
from apps.dispatch.contracts import NewWork
from apps.dispatch.enums import Queue
from apps.live import facade as live
from apps.tenants.facade import current_tenant

logger = logging.getLogger(__name__)

TEST_KIND = "ai.test_prompt"
TEST_TASK_TYPE = "prompt-test"
KEY = "prompt-test:"
MOST_CASES = 50
MAX_VALUE = 50_000
TIMEOUT_S = 120
OPEN = (TestState.WAITING, TestState.ASKED)


def save_case(
    prompt: Prompt, *, name: str, values: Mapping[str, Any], checks: Sequence[Mapping[str, Any]],
    min_score: int | None = None, case: PromptCase | None = None,
) -> PromptCase:  # fmt: skip
    """Add a case, or change one. Raises ``InvalidInput`` with one field per mistake (name, values, checks, min_score)."""
    kept = {
        "name": name.strip(),
        "values": dict(values),
        "checks": [dict(one) for one in checks],
        "min_score": min_score,
    }
    _require_case(kept)
    if case is None and PromptCase.objects.filter(prompt=prompt).count() >= MOST_CASES:
        raise InvalidInput(_("A prompt has at most 50 test cases."))
    row = case or PromptCase(prompt=prompt)
    for field, value in kept.items():
        setattr(row, field, value)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        raise InvalidInput(fields={"name": _("There is a case by this name already.")}) from None
    return row


def delete_case(case: PromptCase) -> None:
    """Remove a case; results of earlier runs keep what it was."""
    case.delete()


def get_case(prompt: Prompt, case_id: UUID) -> PromptCase:
    """One case. Raises ``NotFound``."""
    found = PromptCase.objects.filter(prompt=prompt, pk=case_id).first()
    if found is None:
        raise NotFound(detail=f"case {case_id}")
    return found


def list_cases(prompt: Prompt) -> list[PromptCase]:
    """In the order they were added."""
    return list(PromptCase.objects.filter(prompt=prompt).order_by("created_at", "pk"))


def start_tests(
    prompt: Prompt, *, version: PromptVersion | None = None, model: str = "", quality: str = Quality.STANDARD,
    user_id: int | None = None,
) -> PromptTestRun:  # fmt: skip
    """Try all cases on a version, or on the draft as it is now. Raises ``NoTestCases``, ``TestsRunning``, ``InvalidInput``."""
    if quality not in Quality.values:
        raise InvalidInput(fields={"quality": _("Choose one of the given values.")})
    if model and model not in route.known_models():
        raise InvalidInput(fields={"model": _("There is no such model here.")})
    cases = list_cases(prompt)
    if not cases:
        raise NoTestCases
    tried = version or prompt
    try:
        with transaction.atomic():
            run = PromptTestRun.objects.create(
                prompt=prompt, content_hash=library.hash_of(tried), system=tried.system, user=tried.user,
                variables=tried.variables, model=model, quality=quality, created_by=user_id,
            )  # fmt: skip
            PromptTestResult.objects.bulk_create(
                PromptTestResult(run=run, position=position, name=case.name, values=case.values, checks=case.checks,
                                 min_score=case.min_score)
                for position, case in enumerate(cases)
            )  # fmt: skip
            _enqueue(run.pk)
    except IntegrityError:
        raise TestsRunning from None
    return run


def stop_tests(prompt: Prompt, run_id: UUID) -> PromptTestRun:
    """Ask no more; the case under way is paid for and thrown away, what was found stays. Ended runs stay as they are."""
    with transaction.atomic():
        stopped = PromptTestRun.objects.filter(prompt=prompt, pk=run_id, state=TestRunState.RUNNING).update(
            state=TestRunState.CANCELLED, ended_at=Now()
        )
        if stopped:
            PromptTestResult.objects.filter(run_id=run_id, state__in=OPEN).update(state=TestState.SKIPPED)
            _announce(run_id)
    return get_run(prompt, run_id)


def get_run(prompt: Prompt, run_id: UUID) -> PromptTestRun:
    """One run with its counts. Raises ``NotFound``."""
    found = counted(PromptTestRun.objects.filter(prompt=prompt, pk=run_id)).first()
    if found is None:
        raise NotFound(detail=f"test run {run_id}")
    return found


def list_runs(prompt: Prompt, *, limit: int = 30) -> list[PromptTestRun]:
    """Newest first, with their counts."""
    return list(counted(PromptTestRun.objects.filter(prompt=prompt)).order_by("-created_at", "-pk")[:limit])


def latest_by_wording(prompt: Prompt) -> dict[str, PromptTestRun]:
    """The newest finished run of every wording, by its hash."""
    rows = counted(PromptTestRun.objects.filter(prompt=prompt, state=TestRunState.DONE))
    return {row.content_hash: row for row in rows.order_by("created_at", "pk")}


def counted(rows: QuerySet[PromptTestRun]) -> QuerySet[PromptTestRun]:
    """Runs with ``cases``, ``passed`` and ``open`` (how many)."""
    return rows.annotate(
        cases=Count("results"),
        passed=Count("results", filter=Q(results__state=TestState.PASSED)),
        open=Count("results", filter=Q(results__state__in=OPEN)),
    )


def highest_cost(prompt: Prompt, *, model: str = "", quality: str = Quality.STANDARD) -> int | None:
    """What answering all cases with the draft can cost at most, in micro-dollars; None when no model can be asked or a value is
    missing. Judging is not in it."""
    try:
        bounds: list[int] = [
            plan.build_completion(_request(prompt.system, prompt.user, case.values, model=model, quality=quality))["bound"]
            for case in list_cases(prompt)
        ]  # fmt: skip
        return sum(bounds)
    except PlatformError:
        return None


def try_next(run_id: UUID) -> None:
    """Try the next open case of a run, then have the queue come back for the one after it. Safe to run twice: a case that was
    being asked when a process died is asked again."""
    run = PromptTestRun.objects.select_related("prompt").filter(pk=run_id, state=TestRunState.RUNNING).first()
    if run is None:
        return
    result = PromptTestResult.objects.filter(run=run, state__in=OPEN).order_by("position").first()
    if result is not None:
        with transaction.atomic():
            PromptTestResult.objects.filter(pk=result.pk, state__in=OPEN).update(state=TestState.ASKED)
            _announce(run.pk)
        found = _try(run, result)
    with transaction.atomic():
        if result is not None:
            PromptTestResult.objects.filter(pk=result.pk, state=TestState.ASKED).update(**found)
        if PromptTestResult.objects.filter(run=run, state__in=OPEN).exists():
            _enqueue(run.pk)
        else:
            PromptTestRun.objects.filter(pk=run.pk, state=TestRunState.RUNNING).update(
                state=TestRunState.DONE, ended_at=Now()
            )
        _announce(run.pk)


def read_texts(key: str, run_id: UUID | None) -> tuple[list[tuple[str, str]], str] | None:
    """What was said in a call of a test, for the page about that call. See ``registries.CallTexts``."""
    if not key.startswith(KEY) or key.endswith(":review"):
        return None
    row = PromptTestResult.objects.select_related("run").filter(pk=key.removeprefix(KEY)).first()
    if row is None:
        return None
    turns = library.messages(row.run.system, row.run.user, row.values)
    return [(turn.role, turn.content) for turn in turns], row.answer


def run_exists(key: str) -> bool:
    """Whether the current tenant has a run of tests by that id, so that a page may watch it."""
    try:
        return PromptTestRun.objects.filter(pk=UUID(key)).exists()
    except ValueError:
        return False


def _try(run: PromptTestRun, result: PromptTestResult) -> dict[str, Any]:
    """The fields of the result. Errors of the gateway are a result too: the next case may still be answered."""
    try:
        missing = wording.missing_values(wording.variables_of(run.variables), result.values)
        if missing:
            return _failed(_("No value for: %(names)s") % {"names": ", ".join(missing)})
        asked = _request(
            run.system, run.user, result.values, model=run.model, quality=run.quality,
            label=f"{run.prompt.slug}@{_number(run) or 'draft'}", user_id=run.created_by,
        )  # fmt: skip
        answer = services.complete(asked, key=f"{KEY}{result.pk}", timeout_s=TIMEOUT_S)
    except PlatformError as error:
        return _failed(error.text)
    except Exception:
        logger.exception("a test of a prompt broke", extra={"run": str(run.pk)})
        return _failed(_("Something went wrong on our side. Run the tests again."))
    found = {
        "answer": answer.text,
        "model": answer.model,
        "cost_micros": answer.cost_micros,
        "latency_ms": answer.latency_ms,
    }
    task = asked.messages[-1].content
    try:
        return found | _judged(result, task, answer.text, user_id=run.created_by, cost=answer.cost_micros)
    except PlatformError as error:
        return found | _failed(error.text)


def _judged(
    result: PromptTestResult, task: str, answer: str, *, user_id: int | None, cost: int | None
) -> dict[str, Any]:
    checks = tuple(Check(**one) for one in result.checks)
    if result.min_score is None:
        demands = read_demands(task)
        found = mechanical.run_checks(answer, task=demands.material or task, source="", checks=checks,
                                      may_copy=demands.may_copy)  # fmt: skip
        passed = all(one.passed for one in found if one.blocking)
        return {"state": TestState.PASSED if passed else TestState.FAILED, "findings": _findings(found)}
    verdict = services.review(
        ReviewRequest(task=task, answer=answer, checks=checks, rubric=Rubric(threshold=result.min_score),
                      task_type=TEST_TASK_TYPE, user_id=user_id),
        key=f"{KEY}{result.pk}:review", timeout_s=TIMEOUT_S,
    )  # fmt: skip
    total = None if cost is None or verdict.cost_micros is None else cost + verdict.cost_micros
    findings = [
        *_findings(verdict.checks),
        {"key": "score", "passed": verdict.decision == Decision.PASS, "message": verdict.reasons},
    ]
    state = TestState.PASSED if verdict.decision == Decision.PASS else TestState.FAILED
    return {"state": state, "findings": findings, "score": verdict.score, "cost_micros": total}


def _findings(found: Sequence[CheckResult]) -> list[dict[str, Any]]:
    return [{name: value for name, value in asdict(one).items() if name != "blocking"} for one in found]


def _failed(text: str) -> dict[str, Any]:
    return {"state": TestState.ERROR, "error": str(text)[:500]}


def _number(run: PromptTestRun) -> int | None:
    return (
        PromptVersion.objects.filter(prompt_id=run.prompt_id, content_hash=run.content_hash)
        .values_list("number", flat=True)
        .first()
    )


def _request(
    system: str, user: str, values: Mapping[str, Any], *, model: str, quality: str, label: str = "",
    user_id: int | None = None,
) -> CompletionRequest:  # fmt: skip
    return CompletionRequest(
        purpose=Purpose.WORK, messages=library.messages(system, user, values), model=model or None, quality=quality,
        prompt_version=label, task_type=TEST_TASK_TYPE, user_id=user_id,
    )  # fmt: skip


def _require_case(kept: Mapping[str, Any]) -> None:
    wrong: dict[str, Any] = {}
    if not 1 <= len(kept["name"]) <= 120 or "\x00" in kept["name"]:
        wrong["name"] = _("1 to 120 characters.")
    if any(
        not isinstance(value, str) or len(value) > MAX_VALUE or "\x00" in value for value in kept["values"].values()
    ):
        wrong["values"] = _("Values are texts of at most 50,000 characters.")
    if kept["min_score"] is not None and not 0 <= kept["min_score"] <= 100:
        wrong["min_score"] = _("A whole number from 0 to 100.")
    try:
        checks = [Check(**one) for one in kept["checks"]]
        mechanical.validate(checks)
        for one in checks:
            if one.kind == "json_schema":
                limits.check_schema(one.value)
    except (InvalidRequest, TypeError) as error:
        wrong["checks"] = next(iter(error.fields.values()), "") if isinstance(error, InvalidRequest) else str(error)
    if wrong:
        raise InvalidInput(fields=wrong)


def _enqueue(run_id: UUID) -> None:
    work = NewWork(kind=TEST_KIND, ref=str(run_id), queue=Queue.DEFAULT, dedupe_key=str(run_id), again=True)
    dispatch.enqueue(tenant_id=current_tenant().id, work=work)


def _announce(run_id: UUID) -> None:
    live.changed(tenant_id=current_tenant().id, topics=(f"prompt_tests:{run_id}",))
