"""The HTTP API: strict input, one effect per key, the right people only, errors as problem documents."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.test import Client

from apps.accounts.models import User
from apps.tasks import facade
from tests.tasks.driving import ANSWER, BODY, Office

TASKS = "/api/v1/tasks/"
REQUEST = {"title": "Opening hours", "body": BODY, "task_type": "drafting"}
BACKEND = "django.contrib.auth.backends.ModelBackend"


class Api:
    """A signed-in program on acme's host."""

    def __init__(self, person: User | None) -> None:
        self.client = Client(SERVER_NAME="acme.localhost")
        if person is not None:
            self.client.force_login(person, backend=BACKEND)

    def get(self, path: str = TASKS, **query: Any) -> Any:
        """GET."""
        return self.client.get(path, query)

    def post(self, path: str = TASKS, body: Any = None, **headers: str) -> Any:
        """POST JSON."""
        return self.client.post(
            path, body if body is not None else {}, content_type="application/json", headers=headers
        )


@pytest.fixture
def api(owner: User) -> Api:
    """acme's owner."""
    return Api(owner)


def problem(response: Any, status: int, code: str) -> dict[str, Any]:
    """The problem document of a refused call."""
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json"), response.content[
        :300
    ]
    document = response.json()
    assert document["code"] == code and document["request_id"] and document["detail"]
    assert "Traceback" not in response.content.decode()
    return document


def counted(office: Office) -> int:
    """How many tasks there are."""
    return office.sql("SELECT count(*) FROM tasks_task")[0][0]


def test_a_task_goes_in_and_its_answer_comes_out(office: Office, api: Api) -> None:
    created = api.post(body=REQUEST)
    assert (created.status_code, created.json()["state"], created.json()["source"]) == (201, "new", "api")
    office.work()
    task = api.get(f"{TASKS}{created.json()['id']}/").json()
    assert (task["state"], task["result"], task["score"]) == ("done", ANSWER, 95)
    assert task["criteria"] and task["cost_micros"] > 0 and task["model"]
    assert [row["number"] for row in api.get().json()["results"]] == [1]


def test_five_parallel_posts_with_one_key_are_one_task(office: Office, owner: User) -> None:
    def one(_index: int) -> Any:
        try:
            return Api(owner).post(body=REQUEST, **{"Idempotency-Key": "order-7"}).json()["id"]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(5) as pool:
        assert len(set(pool.map(one, range(5)))) == 1
    assert counted(office) == 1


def test_a_key_with_other_content_is_a_conflict(office: Office, api: Api) -> None:
    api.post(body=REQUEST, **{"Idempotency-Key": "k"})
    problem(api.post(body={**REQUEST, "title": "Else"}, **{"Idempotency-Key": "k"}), 409, "idempotency_key_reused")
    problem(api.post(body=REQUEST, **{"Idempotency-Key": "k " * 3}), 400, "invalid_input")
    assert counted(office) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "title"),
        ({**REQUEST, "title": 5e400}, None),
        ({**REQUEST, "title": ["a"]}, "title"),
        ({**REQUEST, "body": ""}, "body"),
        ({**REQUEST, "body": "x" * 50_001}, "body"),
        ({**REQUEST, "task_type": "no such type"}, "task_type"),
        ({**REQUEST, "task_type": "nothing"}, "task_type"),
        ({**REQUEST, "priority": "soon"}, "priority"),
        ({**REQUEST, "due_on": "2026-02-31"}, "due_on"),
        ({**REQUEST, "qa_target": 0}, "qa_target"),
        ({**REQUEST, "qa_target": "high"}, "qa_target"),
        ({**REQUEST, "state": "done"}, "state"),
        ({**REQUEST, "cost_micros": 0}, "cost_micros"),
        ({**REQUEST, "attachments": ["a.txt"]}, "attachments.0"),
        ([REQUEST], None),
        ("text", None),
    ],
)
def test_bad_bodies_are_refused_and_the_field_named(office: Office, api: Api, body: Any, field: str | None) -> None:
    response = api.post(body=body)
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    if field is not None:
        assert field in response.json()["fields"]
    assert counted(office) == 0


@pytest.mark.parametrize(
    ("raw", "code", "status"),
    [(b"{", "malformed_body", 400), (b'{"title": NaN}', "malformed_body", 400), (b"[" * 100 + b"]" * 100, "too_deep", 400),
     (b'{"body": "' + b"x" * 1_100_000 + b'"}', "too_large", 413), (b"\xff\xfe", "malformed_body", 400)],
)  # fmt: skip
def test_broken_json_is_a_coded_error(office: Office, api: Api, raw: bytes, code: str, status: int) -> None:
    problem(api.client.post(TASKS, raw, content_type="application/json"), status, code)
    problem(api.client.post(TASKS, b"<a/>", content_type="application/xml"), 415, "unsupported_format")
    assert counted(office) == 0


def test_files_come_as_form_data_and_are_checked(office: Office, api: Api) -> None:
    fine = api.client.post(TASKS, {**REQUEST, "attachments": SimpleUploadedFile("notes.txt", b"Lunch is at noon.")})
    assert (fine.status_code, fine.json()["attachments"][0]["name"]) == (201, "notes.txt")
    file = api.get(f"{TASKS}{fine.json()['id']}/attachments/{fine.json()['attachments'][0]['id']}/")
    assert b"".join(file.streaming_content) == b"Lunch is at noon."
    assert "attachment" in file["Content-Disposition"]
    refused = api.client.post(
        TASKS, {**REQUEST, "attachments": SimpleUploadedFile("a.txt", b"MZ\x00\x00" + b"\x00" * 60)}
    )
    assert "attachments" in problem(refused, 400, "media_refused")["fields"]
    assert counted(office) == 1


@pytest.mark.parametrize(
    "query", [{"state": "asleep"}, {"limit": "0"}, {"limit": "9999"}, {"cursor": "x"}, {"search": "x" * 300}]
)
def test_bad_filters_are_refused(api: Api, query: dict[str, str]) -> None:
    problem(api.get(TASKS, **query), 400, "invalid_input")


def test_who_may_do_what(office: Office, onlooker: User, stranger: User) -> None:
    office.model.judge_score = 40
    task = office.done()
    before = office.view(task.id)
    path = f"{TASKS}{task.id}/"
    calls = [
        (TASKS, REQUEST),
        (f"{path}review/", {"decision": "approve"}),
        (f"{path}retry/", {}),
        (f"{path}cancel/", {}),
    ]
    for person, status, code in (
        (onlooker, 403, "not_allowed"),
        (stranger, 401, "not_signed_in"),
        (None, 401, "not_signed_in"),
    ):
        caller = Api(person)
        for address, body in calls:
            problem(caller.post(address, body), status, code)
    assert Api(onlooker).get(path).status_code == 200
    assert Api(stranger).get(path).status_code == 401
    assert office.view(task.id) == before
    assert counted(office) == 1


def test_a_decision_is_taken_once(office: Office, owner: User, api: Api) -> None:
    office.model.judge_score = 40
    path = f"{TASKS}{office.done().id}/review/"
    assert "reason" in problem(api.post(path, {"decision": "reject"}), 400, "invalid_task")["fields"]
    problem(api.post(path, {"decision": "maybe"}), 400, "invalid_input")
    problem(api.post(path, {"decision": "reject", "edited_text": "x", "reason": "no"}), 400, "invalid_task")

    def one(_index: int) -> int:
        try:
            return int(Api(owner).post(path, {"decision": "approve"}).status_code)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(5) as pool:
        assert sorted(pool.map(one, range(5))) == [200, 409, 409, 409, 409]
    office.work()
    assert office.sql("SELECT count(*) FROM tasks_taskevent WHERE kind = 'decided'") == [(1,)]


def test_cancel_and_retry_say_when_they_cannot(office: Office, api: Api) -> None:
    path = f"{TASKS}{office.send().id}/"
    problem(api.post(f"{path}retry/"), 409, "illegal_task_state")
    assert api.post(f"{path}cancel/", {"reason": "Not needed."}).json()["state"] == "cancelled"
    problem(api.post(f"{path}cancel/"), 409, "illegal_task_state")
    problem(api.post(f"{path}retry/", {"from": "start"}), 400, "invalid_input")
    office.work()
    assert api.get(path).json()["state"] == "cancelled"
    assert not office.model.requests


def test_unknown_and_foreign_ids_get_the_same_answer(office: Office, api: Api) -> None:
    with office.inside("globex"):
        foreign = facade.submit_task(source="portal", title="T", body=BODY, task_type="other")
    answers = [api.get(f"{TASKS}{task_id}/") for task_id in (foreign.id, uuid4())]
    documents = [problem(answer, 404, "unknown_task") for answer in answers]
    assert {key: value for key, value in documents[0].items() if key != "request_id"} == {
        key: value for key, value in documents[1].items() if key != "request_id"
    }
    problem(api.post(f"{TASKS}{foreign.id}/cancel/"), 404, "unknown_task")


def test_the_description_names_every_task_address(api: Api) -> None:
    response = api.client.get("/api/v1/schema/", headers={"Accept": "application/json"})
    assert response.status_code == 200, response.content[:300]
    described = response.content.decode()
    for address in (
        "/tasks/",
        "/tasks/{task_id}/review/",
        "/tasks/{task_id}/retry/",
        "/task-types/",
        "Idempotency-Key",
    ):
        assert address in described
