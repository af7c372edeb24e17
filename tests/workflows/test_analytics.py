"""Figures per workflow and step: right against the runs, the same when measured twice, cheap however many runs there are."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.workflows import facade
from apps.workflows.analytics import reading, rollup
from apps.workflows.contracts import RevenueSource
from apps.workflows.models import Run, StepDay, Workflow
from apps.workflows.registries import run_revenue
from apps.workflows.whatif import services
from tests.servers import effects
from tests.workflows import driving

pytestmark = pytest.mark.usefixtures("committed", "provider")
STEPS = {"a": {"type": "test.metered", "with": {"reference": {"$ref": "inputs.n"}}, "retry": {"max_attempts": 2, "base_s": 0, "cap_s": 0},
               "next": "b"}, "b": {"type": "set", "with": {"score": {"$ref": "inputs.score"}}}}  # fmt: skip


def some_runs() -> Workflow:
    with driving.inside():
        slug = driving.workflow(STEPS)
        for number in range(4):
            inputs = {"n": f"r{number}", "score": 70 + number * 10} if number else {"n": "r0"}
            facade.start_run(workflow=slug, inputs=inputs)
    driving.drain()
    with driving.inside():
        return Workflow.objects.get(slug=slug)


def the_report(workflow: Workflow) -> reading.Report:
    today = datetime.now(tz=UTC).date()
    return reading.report(workflow.pk, first=today - timedelta(days=6), last=today)


def test_figures_agree_with_the_runs_and_shadows_never_count(provider: effects.Ledger) -> None:
    provider.script = ["429"]
    workflow = some_runs()
    with driving.inside():
        services.ask_what_if(workflow="w", selection=services.Selection())
    driving.drain()
    with driving.inside():
        rollup.roll_up()
        rollup.roll_up()
        found = the_report(workflow)
        total = found.total
        assert (total.runs, total.succeeded, total.failed, total.retries) == (4, 3, 1, 1)
        assert total.cost_micros == 4000 and total.cost_per_success == 1333 and total.score == 90
        assert total.failure_rate == 0.25 and total.top_errors == [("reference_missing", 1)]
        assert {one.step_id: (one.runs, one.failed, one.cost_micros) for one in found.steps} == {
            "a": (4, 0, 4000), "b": (4, 1, 0),
        }  # fmt: skip
        assert found.before.runs == 0 and found.revenue_micros is None and found.margin_micros is None
        assert StepDay.objects.count() == 3


def test_revenue_comes_from_whoever_knows_it() -> None:
    workflow = some_runs()

    def earned(workflow_id: UUID, first: date, last: date) -> int | None:
        return 10_000 if workflow_id == workflow.pk and first < last else None

    with driving.inside(), run_revenue.temporarily(RevenueSource(name="test", of=earned)):
        rollup.roll_up()
        assert the_report(workflow).margin_micros == 6000


def test_a_report_is_one_query_for_one_run_and_for_many_days() -> None:
    workflow = some_runs()
    with driving.inside():
        for days in (1, 30):
            for back in range(days):
                rollup.measure_day(datetime.now(tz=UTC).date() - timedelta(days=back))
            with CaptureQueriesContext(
                connection,
            ) as queries:
                the_report(workflow)
            assert len([one for one in queries.captured_queries if "stepday" in one["sql"]]) == 1


def test_percentiles_are_within_a_buckets_width() -> None:
    assert reading.percentile({}, 0.5) is None
    for milliseconds in (3, 47, 1200, 86_400_000):
        bucket = next(b for b in range(400) if rollup.BASE ** (b + 1) > milliseconds)
        found = reading.percentile({bucket: 9, bucket + 40: 1}, 0.5)
        assert found is not None and abs(found * 1000 - milliseconds) <= milliseconds * 0.15
        assert (reading.percentile({bucket: 9, bucket + 40: 1}, 0.95) or 0) > found


def test_the_lowest_id_of_a_moment_is_below_every_id_made_then() -> None:
    workflow = some_runs()
    with driving.inside():
        for run in Run.objects.filter(version__workflow=workflow):
            assert (
                rollup.lowest_id(run.created_at - timedelta(seconds=2))
                < run.pk
                < rollup.lowest_id(run.created_at + timedelta(seconds=2))
            )


def test_days_with_open_runs_are_measured_again() -> None:
    workflow = some_runs()
    old = datetime.now(tz=UTC).date() - timedelta(days=20)
    with driving.inside():
        StepDay.objects.create(workflow=workflow, day=old, runs=1, succeeded=1, failed=0, still_open=1, retries=0, cost_micros=0,
                               working_ms=0, waiting_ms=0, score_sum=0, score_count=0, measured_at=datetime.now(tz=UTC))  # fmt: skip
        assert rollup.roll_up() == 4
