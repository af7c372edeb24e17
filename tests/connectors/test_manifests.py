"""Every connector of the catalogue keeps the contract: complete manifests, honest writes, nothing imported before it is used."""

import json
import subprocess
import sys
from typing import Any

import jsonschema_rs
import pytest
from django.utils.functional import Promise
from django.utils.translation import override

from apps.connectors.contracts import Action, Connector
from apps.connectors.enums import ActionEffect
from apps.connectors.providers.shelf import CATALOGUE
from apps.connectors.shapes import translated_schema
from apps.core.reach import Reach

SDKS = ("slack_sdk", "github", "resend", "boto3", "botocore", "telegram", "googleapiclient", "httplib2", "hubspot", "pyairtable",
        "authlib")  # fmt: skip
ACTIONS = [
    pytest.param(connector, action, id=f"{connector.slug}.{action.slug}")
    for connector in CATALOGUE
    for action in connector.actions
]


@pytest.mark.parametrize("connector", CATALOGUE, ids=lambda one: one.slug)
def test_a_manifest_is_complete(connector: Connector) -> None:
    assert connector.title and connector.description and connector.icon
    assert connector.fields or connector.oauth or not connector.needs_connection
    assert connector.help, "people must be told where to find the credentials"
    assert isinstance(connector.description, Promise), "texts are translated"
    assert len(connector.actions) >= 1
    assert len({action.slug for action in connector.actions}) == len(connector.actions)
    assert connector.rate.calls > 0 and connector.rate.window_s > 0
    assert all(field.label for field in connector.fields)
    secret = [field.name for field in connector.fields if field.secret]
    assert secret or not connector.fields
    for trigger in connector.triggers:
        jsonschema_rs.validator_for(dict(trigger.output_schema))
        assert (trigger.title and trigger.poll is not None) or connector.slug == "notion"


@pytest.mark.parametrize(("connector", "action"), ACTIONS)
def test_an_action_says_what_it_takes_gives_and_does(connector: Connector, action: Action) -> None:
    assert isinstance(action.title, Promise) and (action.description or connector.slug == "notion")
    for schema in (action.input_schema, action.output_schema):
        json.dumps(schema)
        jsonschema_rs.validator_for(dict(schema))
        assert schema["type"] == "object"
    assert action.input_schema.get("additionalProperties") is False
    assert set(action.input_schema.get("required", ())) <= set(action.input_schema["properties"])
    if connector.slug != "notion":
        assert all(shape.get("title") for shape in action.input_schema["properties"].values())
    assert (action.find is not None) == (action.effect == ActionEffect.LOOKUP)
    for path in action.sensitive:
        _shape(action.input_schema, path)


@pytest.mark.parametrize(("connector", "action"), ACTIONS)
def test_every_write_says_whom_it_reaches(connector: Connector, action: Action) -> None:
    if action.effect == ActionEffect.PURE and action.reach is None:
        return
    assert action.reach is not None, "a write without reach counts as the riskiest sort"
    found = action.reach(_example(action.input_schema))
    assert isinstance(found, Reach)
    assert found.writes == (action.effect != ActionEffect.PURE) or found.grants
    if action.effect != ActionEffect.PURE:
        assert action.sensitive, "a write chooses an object, a recipient or an address"


def test_schemas_are_shown_in_the_readers_language() -> None:
    with override("es"):
        for connector in CATALOGUE:
            for action in connector.actions:
                shown = translated_schema(action.input_schema)
                assert shown["properties"].keys() == action.input_schema["properties"].keys()


def test_no_sdk_is_loaded_when_the_product_starts() -> None:
    code = f"import django, sys; django.setup(); print([name for name in {SDKS!r} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert found.stdout.strip().splitlines()[-1] == "[]"


def _shape(schema: Any, path: str) -> Any:
    for name in path.split("."):
        schema = schema.get("items", schema)
        schema = schema["properties"][name]
    return schema


def _example(schema: Any) -> Any:
    """Something of every declared member, as reach might see it."""
    if "enum" in schema:
        return schema["enum"][0]
    kinds = {"string": "x@y.example", "integer": 1, "number": 1, "boolean": True}
    kind = schema.get("type", "string")
    if kind == "array":
        return [_example(schema.get("items", {}))]
    if kind == "object":
        return {name: _example(inner) for name, inner in schema.get("properties", {}).items()}
    return kinds.get(kind if isinstance(kind, str) else "string", "x")
