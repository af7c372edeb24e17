"""Pages of what-if, proposals and figures through the front door."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User
from apps.tenants.contracts import TenantRef
from apps.workflows import facade
from apps.workflows.analytics import rollup
from apps.workflows.models import Proposal, Run, StepRun, WhatIf, WhatIfRun, Workflow
from tests import transactions
from tests.workflows.test_pages import UNKNOWN, path

pytestmark = pytest.mark.django_db
Browse = Callable[..., Client]
STEPS = {"a": {"type": "set", "title": "Take it", "with": {"x": {"$ref": "inputs.title"}}}}
ERROR = {"code": "reference_missing", "message": "Nothing is found at 'inputs.title'.", "path": "a"}


def failed_runs(count: int, *, slug: str = "w") -> Workflow:
    facade.ensure_workflow(slug=slug, name="Letters", definition={"schema": 1, "start": "a", "steps": STEPS})
    for _number in range(count):
        run_id = facade.start_run(workflow=slug, inputs={"titel": "x"})
        now = datetime.now(tz=UTC)
        Run.objects.filter(pk=run_id).update(state="failed", error=ERROR, started_at=now, finished_at=now)
        StepRun.objects.create(run_id=run_id, path="a", attempt=1, seq=1, step_id="a", type="set", state="failed", error=ERROR,
                               started_at=now, finished_at=now)  # fmt: skip
    return Workflow.objects.get(slug=slug)


def test_a_question_is_asked_and_its_result_page_waits_for_answers(
    tenant: TenantRef, browse: Browse, user: User
) -> None:
    failed_runs(3)
    client = browse(user)
    page = client.get(path("workflows:what_if_create", "w"))
    assert page.status_code == 200 and b"Nothing asked yet" in page.content
    answer = client.post(path("workflows:what_if_create", "w"), {"version": "1", "last": "2", "state": "failed"})
    with transactions.entered("acme"):
        what_if = WhatIf.objects.get()
    assert answer.status_code == 302 and str(what_if.pk) in answer["Location"]
    shown = client.get(answer["Location"])
    assert shown.status_code == 200 and b"0 of 2 runs are compared" in shown.content
    assert client.get(answer["Location"], headers={"X-Fragment": "1"}).content.count(b"<html") == 0
    stopped = client.post(path("workflows:what_if_cancel", what_if.pk), follow=True)
    assert stopped.status_code == 200 and b"Cancelled" in stopped.content


def test_a_question_nobody_can_answer_keeps_what_was_typed(tenant: TenantRef, browse: Browse, user: User) -> None:
    failed_runs(1)
    page = browse(user).post(
        path("workflows:what_if_create", "w"), {"version": "1", "last": "7", "state": "succeeded", "cap": "1"}
    )
    assert page.status_code == 400 and b'value="7"' in page.content and b"No run that has ended" in page.content
    wrong = browse(user).post(path("workflows:what_if_create", "w"), {"version": "99", "last": "0"})
    assert wrong.status_code == 400
    with transactions.entered("acme"):
        assert not WhatIf.objects.exists()


def test_a_proposal_is_read_accepted_with_a_note_and_taken_back(tenant: TenantRef, browse: Browse, user: User) -> None:
    failed_runs(3)
    client = browse(user)
    asked = client.post(path("workflows:proposal_create", "w"))
    with transactions.entered("acme"):
        proposal = Proposal.objects.get()
        Proposal.objects.update(state="proven", proof={"helped": 3, "untold": 0, "worse": 0})
    assert str(proposal.pk) in asked["Location"]
    page = client.get(asked["Location"])
    assert b"Follow the new name of a value" in page.content and b"Accept and publish" in page.content
    decide = path("workflows:proposal_decide", proposal.pk)
    refused = client.post(decide, {"decision": "accept"})
    assert refused.status_code == 400 and b"Say why" in refused.content
    assert client.post(decide, {"decision": "accept", "note": "The form changed"}, follow=True).status_code == 200
    with transactions.entered("acme"):
        assert Workflow.objects.get(slug="w").current.number == 2
    assert b"Taken back" in client.post(decide, {"decision": "undo"}, follow=True).content
    with transactions.entered("acme"):
        assert Workflow.objects.get(slug="w").current.number == 1


def test_who_may_only_look_cannot_ask_accept_or_switch(tenant: TenantRef, browse: Browse, viewer: User) -> None:
    failed_runs(3)
    client = browse(viewer)
    assert client.get(path("workflows:analytics", "w")).status_code == 200
    for name, arg in (
        ("what_if_create", "w"),
        ("proposal_create", "w"),
        ("proposal_decide", UNKNOWN),
        ("what_if_cancel", UNKNOWN),
    ):
        assert client.post(path(f"workflows:{name}", arg)).status_code == 403
    assert client.post(path("workflows:healing_policy")).status_code == 403
    with transactions.entered("acme"):
        assert not Proposal.objects.exists() and not WhatIf.objects.exists()


def test_figures_show_runs_errors_and_the_file(tenant: TenantRef, browse: Browse, user: User) -> None:
    failed_runs(2)
    client = browse(user)
    assert b"No runs in this span" in client.get(path("workflows:analytics", "w")).content
    with transactions.entered("acme"):
        rollup.roll_up()
    page = client.get(path("workflows:analytics", "w", days=7))
    assert page.status_code == 200 and b"reference_missing" in page.content and b"100%" in page.content
    rows = client.get(path("workflows:analytics_csv", "w")).content.decode().splitlines()
    assert rows[0].startswith("day,step,runs") and any(row.startswith(",a,2,0,2") for row in rows)


def test_the_pages_ask_the_same_number_of_queries_for_one_run_and_for_three(
    tenant: TenantRef, browse: Browse, user: User
) -> None:
    client = browse(user)
    counts: list[dict[str, int]] = []
    for number in (1, 3):
        with transactions.entered("acme"):
            workflow = failed_runs(number)
            rollup.roll_up()
            what_if = WhatIf.objects.create(workflow=workflow, title="t", definition={"start": "a", "steps": STEPS})
            for run in list(Run.objects.filter(what_if__isnull=True)[:number]):
                shadow = Run.objects.create(version_id=run.version_id, inputs={}, trigger="whatif", replay_of=run.pk, what_if=what_if,
                                            key_run_id=(new := _id()), pk=new, queue="bulk")  # fmt: skip
                WhatIfRun.objects.create(what_if=what_if, origin=run, shadow=shadow)
        found: dict[str, int] = {}
        for address in (path("workflows:analytics", "w"), path("workflows:what_if_create", "w"),
                        path("workflows:what_if_detail", what_if.pk)):  # fmt: skip
            client.get(address)
            with CaptureQueriesContext(connection) as queries:
                assert client.get(address).status_code == 200
            found[address.split("/")[-2] if "analytics" in address else address.split("/")[1]] = len(queries)
        counts.append(found)
    assert counts[0] == counts[1]


def _id() -> Any:
    from apps.core.ids import new_id

    return new_id()
