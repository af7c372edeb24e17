"""What-if over HTTP: asked once per key, watched, read and stopped, by the right people only."""

from typing import Any
from uuid import uuid4

import pytest
import yaml
from django.test import Client

from apps.accounts.models import User
from apps.workflows import facade
from apps.workflows.models import Run, WhatIf, Workflow
from apps.workflows.whatif import services
from tests.workflows import driving

pytestmark = pytest.mark.usefixtures("committed", "provider")
STEPS = {"a": {"type": "set", "title": "Take it", "with": {"x": {"$ref": "inputs.title"}}}}
ASK = "/api/v1/workflows/w/what-ifs/"
BACKEND = "django.contrib.auth.backends.ModelBackend"


def program(email: str | None = "owner@acme.example", host: str = "acme.localhost") -> Client:
    """A signed-in program."""
    client = Client(SERVER_NAME=host)
    if email:
        client.force_login(User.objects.get(email=email), backend=BACKEND)
    return client


def ask(client: Client, where: str = ASK, key: str = "", **body: Any) -> Any:
    """POST a question."""
    return client.post(where, body, content_type="application/json", headers={"Idempotency-Key": key} if key else {})


@pytest.fixture
def past() -> Workflow:
    """A workflow with three runs: two that succeeded and one that failed."""
    with driving.inside():
        driving.workflow(STEPS)
        for inputs in ({"title": "x"}, {"title": "y"}, {"titel": "z"}):
            facade.start_run(workflow="w", inputs=inputs)
    driving.drain()
    with driving.inside():
        return Workflow.objects.get(slug="w")


def counted() -> tuple[int, int]:
    """Comparisons and shadows there are."""
    with driving.inside():
        return WhatIf.objects.count(), Run.objects.filter(what_if__isnull=False).count()


def test_it_is_asked_watched_and_read(past: Workflow) -> None:
    client = program()
    with driving.inside():
        fixed = {"a": {"type": "set", "with": {"x": {"$ref": "inputs.title", "default": "none"}}}}
        driving.workflow(fixed)
    made = ask(client, last=3, version=2)
    assert made.status_code == 202
    first = made.json()
    assert (first["state"], first["total"], first["judged"], first["workflow"], first["version"]) == (
        "running",
        3,
        0,
        "w",
        2,
    )
    assert [row["verdict"] for row in first["runs"]] == ["", "", ""]
    driving.drain()
    with driving.inside():
        services.judge_what_if(first["id"])
    done = client.get(f"/api/v1/what-ifs/{first['id']}/").json()
    assert (done["state"], done["judged"], len(done["runs"])) == ("done", 3, 3)
    assert sum(one["count"] for one in done["totals"]["verdicts"]) == 3
    assert "better" in {one["verdict"] for one in done["totals"]["verdicts"]}
    assert done["selection"]["last"] == 3 and done["finished_at"]
    (listed,) = client.get(ASK).json()["results"]
    assert (listed["id"], listed["total"], listed["judged"]) == (first["id"], 3, 3)


def test_the_same_key_is_one_question(past: Workflow) -> None:
    client = program()
    answers = [ask(client, key="nightly-7", last=2) for _time in range(3)]
    assert {one.status_code for one in answers} == {202} and len({one.json()["id"] for one in answers}) == 1
    assert counted() == (1, 2)
    assert ask(client, key="nightly-8", last=2).json()["id"] != answers[0].json()["id"]
    assert ask(program("member@acme.example"), key="nightly-7", last=2).json()["id"] != answers[0].json()["id"]
    assert ask(client, key="a b").status_code == 400
    assert ask(client, key="k" * 121).status_code == 400


def test_a_question_without_runs_leaves_nothing_behind(past: Workflow) -> None:
    answer = ask(program(), key="later", run_ids=[str(uuid4())])
    assert (answer.status_code, answer.json()["code"]) == (400, "nothing_to_compare")
    assert counted() == (0, 0)
    assert ask(program(), key="later", last=1).status_code == 202


def test_the_draft_is_asked_as_it_is_now(past: Workflow) -> None:
    made = ask(program(), draft=True, last=1)
    assert made.status_code == 202 and made.json()["version"] is None


@pytest.mark.parametrize(
    ("body", "field"),
    [({"last": 0}, "last"), ({"last": 501}, "last"), ({"state": "running"}, "state"), ({"version": 99}, "version"), ({"version": 0}, "version"),
     ({"draft": True, "version": 1}, "version"), ({"model": "no-such-model"}, "model"), ({"cap_micros": -1}, "cap_micros"),
     ({"cap_micros": 10**10}, "cap_micros"), ({"since": "2027-01-02T00:00Z", "until": "2027-01-01T00:00Z"}, "until"),
     ({"run_ids": ["x"]}, "run_ids.0"), ({"definition": {}}, "definition")],
)  # fmt: skip
def test_wrong_questions_name_the_field(past: Workflow, body: dict[str, Any], field: str) -> None:
    answer = ask(program(), **body)
    assert answer.status_code == 400 and field in answer.json()["fields"], answer.content
    assert counted() == (0, 0)


def test_it_can_be_stopped_and_stays_stopped(past: Workflow) -> None:
    client = program()
    where = f"/api/v1/what-ifs/{ask(client).json()['id']}/"
    for _time in range(2):
        stopped = client.post(f"{where}cancel/", {}, content_type="application/json")
        assert stopped.status_code == 200 and stopped.json()["state"] == "cancelled"
    driving.drain()
    assert client.get(where).json()["state"] == "cancelled"


def test_only_the_right_people(past: Workflow) -> None:
    made = ask(program(), last=1).json()["id"]
    where, stop = f"/api/v1/what-ifs/{made}/", f"/api/v1/what-ifs/{made}/cancel/"
    viewer, outsider = program("viewer@acme.example"), program("outsider@globex.example", "globex.localhost")
    assert viewer.get(where).status_code == 200 and viewer.get(ASK).status_code == 200
    assert ask(viewer).status_code == 403 and ask(viewer, stop).status_code == 403
    nobody = program(None)
    assert [nobody.get(where).status_code, ask(nobody).status_code, ask(nobody, stop).status_code] == [401] * 3
    assert [outsider.get(where).status_code, ask(outsider).status_code, ask(outsider, stop).status_code] == [404] * 3
    assert program().get(f"/api/v1/what-ifs/{uuid4()}/").status_code == 404
    assert program().get("/api/v1/workflows/unknown/what-ifs/").status_code == 404
    assert counted() == (1, 1) and program().get(where).json()["state"] == "running"


def test_it_is_in_the_description_of_the_api(past: Workflow) -> None:
    paths = yaml.safe_load(program().get("/api/v1/schema/").content)["paths"]
    post = paths["/api/v1/workflows/{slug}/what-ifs/"]["post"]
    assert post["operationId"] == "what_ifs_create" and "202" in post["responses"]
    assert "Idempotency-Key" in {one["name"] for one in post["parameters"]}
    assert {"/api/v1/what-ifs/{what_if_id}/", "/api/v1/what-ifs/{what_if_id}/cancel/"} <= set(paths)
