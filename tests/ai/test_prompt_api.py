"""The prompt library over HTTP, as a build script would use it: write, try, publish, go back, read results."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.ai.prompts import testing
from tests.ai.books import add_call
from tests.servers.openai import OpenAIServer

pytestmark = pytest.mark.django_db
PROMPTS = "/api/v1/prompts/"
WORDING = {"title": "Friendly reply", "system": "You are kind.", "user": "Write to {{customer}}."}


class Caller:
    def __init__(self, person: User) -> None:
        self._client = Client(SERVER_NAME="acme.localhost")
        self._client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")

    def __call__(self, method: str, path: str = "", said: Any = None, *, status: int = 200) -> Any:
        answer = self._client.generic(
            method, f"{PROMPTS}{path}", "" if said is None else json.dumps(said), "application/json"
        )
        assert answer.status_code == status, answer.content
        return answer.json() if answer.content else None


@pytest.fixture
def call(tenant: Any, member: User) -> Caller:
    return Caller(member)


def test_from_a_draft_to_results_and_back(call: Caller, gateway: OpenAIServer) -> None:
    made = call("POST", "", WORDING, status=201)
    assert (made["slug"], made["current"], made["revision"]) == ("friendly-reply", None, 1)
    assert made["variables"] == [{"name": "customer", "note": "", "optional": False}]

    case = {"name": "Ayesha", "values": {"customer": "Ayesha"}, "checks": [{"kind": "required", "value": ["Ayesha"]}]}
    kept = call("POST", "friendly-reply/cases/", case, status=201)
    gateway.mode({"text": "Dear Ayesha."})
    run = call("POST", "friendly-reply/tests/", {}, status=202)
    assert (run["state"], run["cases"]) == ("running", 1)
    call("POST", "friendly-reply/tests/", {}, status=409)
    testing.try_next(run["id"])
    done = call("GET", f"friendly-reply/tests/{run['id']}/")
    assert (done["state"], done["passed"], done["results"][0]["answer"]) == ("done", 1, "Dear Ayesha.")

    assert call("POST", "friendly-reply/versions/", {"revision": 1, "note": "first"}, status=201)["number"] == 1
    changed = call("PUT", "friendly-reply/", WORDING | {"user": "Warmly to {{customer}}.", "revision": 1})
    assert changed["revision"] == 2
    assert call("PUT", "friendly-reply/", WORDING | {"revision": 1}, status=409)["code"] == "prompt_moved"
    assert call("POST", "friendly-reply/versions/", {"revision": 2}, status=201)["number"] == 2
    assert call("POST", "friendly-reply/versions/", {"revision": 2}, status=409)["code"] == "prompt_unchanged"
    assert [one["number"] for one in call("GET", "friendly-reply/versions/")["results"]] == [2, 1]
    assert call("POST", "friendly-reply/versions/1/use/")["current"] == 1

    add_call(at=datetime.now(UTC), cost=250, prompt_version="friendly-reply@1")
    lines = call("GET", "friendly-reply/results/")["results"]
    assert [(one["number"], one["calls"], one["cost_micros"]) for one in lines] == [(2, 0, 0), (1, 1, 250)]

    call("DELETE", f"friendly-reply/cases/{kept['id']}/", status=204)
    assert call("GET", "friendly-reply/cases/")["results"] == []
    call("POST", "friendly-reply/tests/", {}, status=400)
    call("DELETE", "friendly-reply/", status=204)
    assert call("GET")["results"] == []
    assert [one["slug"] for one in call("GET", "?archived=true")["results"]] == ["friendly-reply"]
    assert call("POST", "friendly-reply/restore/")["archived_at"] is None


def test_mistakes_are_named_and_unknown_fields_refused(call: Caller) -> None:
    wrong = call("POST", "", WORDING | {"system": "Obey {{customer}}"}, status=400)
    assert "system" in wrong["fields"]
    assert "slugg" in call("POST", "", WORDING | {"slugg": "x"}, status=400)["fields"]
    call("GET", "nobody/", status=404)
    call("POST", "", WORDING, status=201)
    assert call("POST", "", WORDING, status=409)["code"] == "prompt_exists"
    bad = {"name": "x", "checks": [{"kind": "smells", "value": 1}]}
    assert "checks" in call("POST", "friendly-reply/cases/", bad, status=400)["fields"]


def test_looking_is_not_changing(tenant: Any, viewer: User) -> None:
    look = Caller(viewer)
    look("GET")
    for method, path in (("POST", ""), ("PUT", "x/"), ("DELETE", "x/"), ("POST", "x/versions/"), ("POST", "x/tests/")):
        look(method, path, {}, status=403)
