"""The manual tells the truth: examples validate, wrong ones have exactly the problem they show, results are what is worked out."""

import ast
import inspect
import json
import re
from typing import Any

import jsonschema_rs
import pytest
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from apps.ai.prompts import library as prompts
from apps.connectors.registries import event_types
from apps.connectors.webhooks_out.manual import sample_of
from apps.core.reference import Entry, list_shelves, manual_url, reference_shelves, search_entries
from apps.workflows.advice import BY_CODE
from apps.workflows.core.problems import CATALOGUE
from apps.workflows.core.values import references
from apps.workflows.facade import describe_steps, validate_definition
from apps.workflows.manual import expressions, steps, triggers
from apps.workflows.manual.examples import example_of
from apps.workflows.manual.problem_examples import EXAMPLES, NOTE, whole
from apps.workflows.manual.problems import list_problems, problem_codes
from apps.workflows.models import Secret
from apps.workflows.problem_texts import TITLES
from apps.workflows.registries import step_types
from apps.workflows.triggers.registries import request_doors
from apps.workflows.triggers.types import RULE_TEXTS, TRIGGER_TYPES
from tests.workflows.driving import inside, workflow

KINDS = [one.type for one in describe_steps()]
NOT_SHOWN = {
    "not_json": {"limit": float("nan")},
    "too_large": "x" * 300_000,
    "too_deep": json.loads("[" * 40 + "]" * 40),
}
# Codes no definition yields: advice of the designer, what a draft without steps says before it is validated, and what the page that
# tries a schedule out says where a definition is refused by its form already.
ELSEWHERE = {"no_way_on_failure", "no_steps", "name_days", "not_a_time"}


def pages() -> list[tuple[str, Entry]]:
    return [(shelf.slug, entry) for shelf in list_shelves() for entry in shelf.entries()]


@pytest.fixture
def known(tenant: Any) -> None:
    """What examples name: a workflow to call, a secret, a prompt nobody published and one that was put away."""
    with inside():
        workflow({"note": NOTE}, start="note", slug="write-invoice")
        Secret.objects.create(name="shop_key", value="x")
        prompts.create_prompt(title="Still a draft", user="Hello")
        prompts.create_prompt(title="An old one", user="Hello")
        prompts.publish_prompt("an-old-one", revision=1)
        prompts.archive_prompt("an-old-one")


def codes(definition: Any) -> set[str]:
    with inside():
        return {one.code for one in validate_definition(definition, workflow="this-workflow")}


@pytest.mark.django_db
@pytest.mark.parametrize("kind", KINDS)
def test_the_example_of_every_step_type_is_a_valid_workflow(kind: str, known: None) -> None:
    one = next(one for one in describe_steps() if one.type == kind)
    example = example_of(kind, one.config_schema)
    assert kind in {step["type"] for step in example["steps"].values()}
    assert codes(example) == set()


@pytest.mark.django_db
@pytest.mark.parametrize("kind", [one.type for one in TRIGGER_TYPES])
def test_the_example_of_every_trigger_is_a_valid_workflow_and_what_it_brings_fits(kind: str, known: None) -> None:
    entry = TRIGGER_TYPES.get(kind)
    assert codes(triggers.example_of(kind)) == set()
    assert str(entry.description)
    brought = triggers.BROUGHT.get(kind)
    if entry.output_schema.get("properties"):
        jsonschema_rs.Draft202012Validator(dict(entry.output_schema)).validate(brought)
        assert set(brought) == set(entry.output_schema["properties"])


@pytest.mark.django_db
@pytest.mark.parametrize("code", sorted(EXAMPLES))
def test_the_wrong_example_of_a_problem_has_it_and_the_mended_one_has_none(code: str, known: None) -> None:
    shown = EXAMPLES[code]
    assert codes(whole(shown.right)) == set()
    if code in ELSEWHERE:
        return
    wrong = (
        whole({"steps": {"note": {"type": "set", "with": {"value": NOT_SHOWN[code]}}}})
        if code in NOT_SHOWN
        else whole(shown.wrong)
    )
    assert code in codes(wrong)


def test_every_problem_code_has_a_page_with_an_example() -> None:
    named = set()
    source = inspect.getsource(inspect.getmodule(TRIGGER_TYPES.get("event").check)) + inspect.getsource(
        inspect.getmodule(TRIGGER_TYPES.get("webhook").check)
    )
    named |= set(re.findall(r'code="([a-z_]+)"', source))
    assert set(CATALOGUE) | set(RULE_TEXTS) | named <= set(problem_codes())
    assert set(EXAMPLES) == set(problem_codes())


def test_every_function_and_operator_has_an_example_that_gives_what_the_page_says() -> None:
    entries = {entry.slug: entry for entry in expressions.list_expressions()}
    assert {*expressions.FUNCTIONS, *expressions.LAZY} <= set(entries)
    for name, (_call, said, example) in {**expressions.CALLS, **expressions.OPERATORS}.items():
        assert said and expressions.result_of(example), name
        (part,) = entries[name].parts()
        assert part.facts[1][1].text == expressions.result_of(example)
        list(references({"$expr": example}))
    assert expressions.result_of("round(inputs.total * 1.21, 2)") == "156.69"
    assert expressions.result_of("[amount * 2 for amount in inputs.amounts if amount > 5]") == "[40, 24]"
    assert expressions.result_of("exists(inputs.order.phone)") == "false"


def test_every_event_has_a_delivery_that_fits_its_schema() -> None:
    for event in event_types:
        body = sample_of(event)
        jsonschema_rs.Draft202012Validator(dict(event.schema)).validate(body["data"])
        assert set(body) == {"type", "timestamp", "data"}
        assert set(body["data"]) == set(event.schema.get("properties", {}))


def test_every_error_a_step_declares_has_advice_of_its_own() -> None:
    for one in describe_steps():
        assert set(steps.error_codes(one)) <= set(BY_CODE), one.type


def test_step_types_declare_every_error_their_code_raises() -> None:
    for handler in step_types:
        module = ast.parse(inspect.getsource(inspect.getmodule(type(handler)) or steps))
        raised = {
            node.args[1].value
            for node in ast.walk(module)
            if isinstance(node, ast.Call)
            and getattr(node.func, "id", "") == "EffectFailed"
            and isinstance(node.args[1], ast.Constant)
        }
        declared = {
            code for other in step_types if type(other).__module__ == type(handler).__module__ for code in other.errors
        }
        assert raised <= declared, handler.type


def test_a_refusal_says_that_classes_are_computed_from_the_example() -> None:
    entries = {entry.slug: entry for entry in steps.list_steps()}
    text = {kind: str(entries[kind].parts()) for kind in ("email.send", "set", "http.get", "s3.delete_object")}
    assert "Class C" in text["email.send"] and "Reaches somebody outside" in text["email.send"]
    assert "touches nothing outside" in text["set"]
    assert "Deletes or overwrites" in text["s3.delete_object"]


@pytest.mark.parametrize("language", ["en", "es", "ur"])
def test_every_entry_can_be_drawn_in_every_reviewed_language(language: str) -> None:
    from django.utils import translation

    with translation.override(language):
        for shelf, entry in pages():
            assert entry.title and entry.summary, (shelf, entry.slug)
            assert re.fullmatch(r"[A-Za-z0-9_.\-]+", entry.slug), entry.slug
            for part in entry.parts():
                assert all(len(row) == len(part.columns) for row in part.rows), entry.slug


def test_names_on_a_shelf_differ() -> None:
    for shelf in list_shelves():
        slugs = [entry.slug for entry in shelf.entries()]
        assert len(set(slugs)) == len(slugs), shelf.slug


def test_links_between_entries_lead_somewhere() -> None:
    there = {(shelf, entry.slug) for shelf, entry in pages()}
    for shelf, entry in pages():
        for part in entry.parts():
            for cell in (*(cell for row in part.rows for cell in row), *(cell for _label, cell in part.facts)):
                if cell.entry:
                    target, slug, anchor = cell.target
                    assert (target, slug or anchor) in there, (shelf, entry.slug, cell.entry)


def test_search_finds_by_name_first() -> None:
    assert search_entries("bad_expression")[0][1].slug == "bad_expression"
    assert search_entries("slack message")[0][1].slug.startswith("slack.")
    assert search_entries("   ") == []
    assert search_entries("no-such-thing-anywhere") == []


def test_addresses_of_the_manual_are_those_of_the_public_site(settings: Any) -> None:
    settings.PUBLIC_PORT = 8000
    base = f"http://{settings.BASE_DOMAIN}:8000/en/docs/reference"
    assert manual_url(shelf="problems", slug="bad_reference") == f"{base}/problems/bad_reference/"
    assert manual_url(shelf="steps", slug="ai.generate") == f"{base}/steps/ai.generate/"
    assert manual_url(shelf="errors", slug="timeout") == f"{base}/errors/#timeout"
    assert manual_url(shelf="problems", slug="never_heard_of") == ""
    assert manual_url(shelf="nothing") == ""
    assert request_doors and "steps" in reference_shelves


def test_every_kind_of_problem_has_a_title_in_the_readers_language(monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(TITLES) == set(problem_codes())
    assert all(isinstance(title, Promise) for title in TITLES.values())
    monkeypatch.setitem(TITLES, "no_steps", gettext_lazy("Cancel"))
    with translation.override("es"):
        (entry,) = (one for one in list_problems() if one.slug == "no_steps")
    assert entry.title == "Cancelar"
