"""From what a model writes down to a definition: what is mended, what is left to the validator."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.workflows.authoring.sketch import to_definition, to_sketch
from apps.workflows.authoring.words import Words, sketch_from_words, trigger_of
from apps.workflows.core.validate import validate
from apps.workflows.core.values import PLACEHOLDER
from tests.bench.design import GOALS

TYPES = frozenset({"set", "log", "ai.generate", "fail", "slack.post_message"})


def drawn(*steps, **more):
    return to_definition(
        {"name": "x", "trigger": {"type": "manual"}, "inputs": [], "steps": list(steps), **more}, types=TYPES
    )


def step(name, kind="set", **more):
    return {"id": name, "type": kind, "title": name, **more}


def test_steps_follow_each_other_where_nothing_else_is_said():
    made = drawn(step("first"), step("second"), step("third", next=None)).definition
    assert made["start"] == "first"
    assert [body.get("next") for body in made["steps"].values()] == ["second", "third", None]


def test_a_written_end_is_an_end():
    made = drawn(step("first", next="END"), step("second")).definition
    assert made["steps"]["first"]["next"] is None


def test_ids_become_plain_and_references_follow():
    made = drawn(step("Fetch It", "ai.generate"), step("2nd", with_={}, **{"with": {"text": "{{Fetch It.text}}"}}))
    assert list(made.definition["steps"]) == ["fetch_it", "step_2nd"]
    assert made.definition["steps"]["fetch_it"]["next"] == "step_2nd"
    assert "step id 'Fetch It' became 'fetch_it'" in made.mended


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("{{one.text}}", {"$ref": "steps.one.output.text"}),
        ("{{ steps.one.text }}", {"$ref": "steps.one.output.text"}),
        ("{{steps.one.output.text}}", {"$ref": "steps.one.output.text"}),
        ("{{steps.one.error.code}}", {"$ref": "steps.one.error.code"}),
        ("{{trigger.subject}}", {"$ref": "inputs.subject"}),
        ("{{item.name}}", {"$ref": "loop.item.name"}),
        ("Dear {{input.name}}: {{one.text}}", {"$text": "Dear {{inputs.name}}: {{steps.one.output.text}}"}),
        ("no braces", "no braces"),
        ({"$ref": "one.items[0]"}, {"$ref": "steps.one.output.items.0"}),
    ],
)
def test_references_are_read_as_they_are_meant(written, meant):
    made = drawn(step("one"), step("two", **{"with": {"value": written}})).definition
    assert made["steps"]["two"]["with"]["value"] == meant


@pytest.mark.parametrize(
    "text", ["{{" + " " * 200_000, "{{a" + " " * 200_000 + "b", "{{" * 100_000, " " * 100_000 + "{{x"]
)
def test_braces_that_never_close_take_no_time(text):
    assert drawn(step("one", **{"with": {"value": text}})).definition["steps"]["one"]["with"]["value"] == text
    assert PLACEHOLDER.search(text) is None


def test_an_input_that_is_only_mentioned_is_listed():
    made = drawn(step("one", **{"with": {"a": "{{inputs.name}}"}}))
    assert made.definition["inputs"]["properties"] == {"name": {"type": "string"}}
    assert made.mended == ("input 'name' was mentioned and not listed",)


def test_a_sketch_of_a_definition_means_the_same_definition():
    definition = {
        "schema": 1, "start": "one",
        "inputs": {"type": "object", "properties": {"a": {"type": "string", "description": "A thing"}}, "required": ["a"]},
        "triggers": {"start": {"type": "manual", "with": {}}},
        "steps": {
            "one": {"type": "set", "title": "One", "with": {"a": {"$ref": "inputs.a"}}, "next": "which"},
            "which": {"type": "switch", "cases": [{"when": {"op": "eq", "left": 1, "right": 1}, "next": "end_it"}], "default": None},
            "end_it": {"type": "log", "with": {"message": {"$text": "{{steps.one.output.a}}!"}}, "next": None},
        },
    }  # fmt: skip
    again = to_definition(to_sketch(definition, name="x"), types=TYPES).definition
    assert again["steps"]["one"] == definition["steps"]["one"]
    assert again["steps"]["which"]["cases"] == definition["steps"]["which"]["cases"]
    assert again["inputs"] == definition["inputs"]


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20), lambda child: st.lists(child, max_size=3)
    | st.dictionaries(st.text(max_size=10), child, max_size=3), max_leaves=8,
)  # fmt: skip
STEP = st.fixed_dictionaries(
    {
        "id": st.text(max_size=12),
        "type": st.sampled_from([*TYPES, "if", "LLM", "nonsense", ""]),
        "title": st.text(max_size=9),
    },
    optional=dict.fromkeys(
        ("with", "next", "cases", "branches", "when", "then", "items", "join", "body", "retry"), JUNK
    ),
)


@given(
    st.fixed_dictionaries(
        {
            "name": st.text(max_size=5),
            "steps": st.lists(STEP, max_size=6),
            "inputs": st.lists(JUNK, max_size=3),
            "trigger": JUNK,
        }
    )
)
def test_whatever_a_model_writes_becomes_something_the_validator_can_judge(sketch):
    made = to_definition(sketch, types=TYPES)
    json.dumps(made.definition)
    validate(made.definition, types={})


WORDS = Words(
    titles={name: name.title() for name in (
        "fetch", "summarise", "translate", "write", "classify", "extract", "check", "condition", "approval", "wait", "loop",
        "mail", "notify", "task", "channel", "slack", "telegram", "notion", "github", "hubspot", "airtable", "drive")},
    which_connection=lambda connector: f"which {connector}?",
    which_value=lambda title, what: f"{title}: {what}?",
    left_out=lambda part: f"left out: {part}",
)  # fmt: skip


def sketched(goal, **connections):
    types = frozenset({"slack.post_message", "slack.find_channel", "notion.create_row"})
    return sketch_from_words(goal, words=WORDS, connections=connections, types=types)


def test_known_words_become_steps_in_order_and_a_schedule():
    made = sketched(
        "Every Monday at 9:30 fetch https://example.org/a, summarise it and post it to Slack #team", slack="c1"
    )
    assert made["trigger"] == {"type": "schedule", "with": {"cron": "30 9 * * 1"}}
    assert [one["type"] for one in made["steps"]] == [
        "http.get",
        "ai.generate",
        "slack.find_channel",
        "slack.post_message",
    ]
    assert made["steps"][3]["with"]["connection_id"] == "c1"
    assert made["steps"][3]["with"]["inputs"]["channel"] == "{{steps.channel.output.id}}"
    assert made["questions"] == []


def test_a_person_is_asked_before_anything_is_sent_wherever_the_goal_says_so():
    made = sketched("Write an answer and post it to Slack #a after my approval", slack="c1")
    assert [one["id"] for one in made["steps"]] == ["write", "approval", "channel", "slack"]


def test_what_only_a_person_knows_is_asked_not_invented():
    made = sketched("Summarise the text and post it to slack")
    assert made["questions"] == ["Slack: channel?", "which slack?"]
    assert "connection_id" not in made["steps"][1]["with"]


def test_a_goal_without_known_words_makes_nothing():
    assert sketched("Make everything nice") is None


@pytest.mark.parametrize(
    ("goal", "trigger"),
    [
        ("cada 2 horas mira la web", {"every_hours": 2}),
        ("toutes les 15 minutes, regarde", {"every_minutes": 15}),
        ("ہر روز صبح خبریں", {"cron": "0 8 * * *"}),
        ("every evening", {"cron": "0 18 * * *"}),
        ("each weekday at 7 pm", {"cron": "0 19 * * 1-5"}),
        ("chaque mois", {"cron": "0 8 1 * *"}),
    ],
)
def test_rhythms_in_four_languages(goal, trigger):
    assert trigger_of(goal) == {"type": "schedule", "with": trigger}


def test_the_goals_cover_four_languages_evenly():
    counts = {code: sum(one["language"] == code for one in GOALS) for code in ("en", "es", "fr", "ur")}
    assert counts == {"en": 15, "es": 15, "fr": 15, "ur": 15}


def test_hours_written_as_words_are_read_and_parts_nothing_was_known_in_are_named():
    made = sketched(
        "Every Monday at nine, look up our open tickets, summarise them and send the summary to the whole team by e-mail"
    )
    assert made["trigger"] == {"type": "schedule", "with": {"cron": "0 9 * * 1"}}
    assert [one["id"] for one in made["steps"]] == ["summarise", "mail"]
    assert made["questions"] == ["Mail: to?", "left out: look up our open tickets"]


@pytest.mark.parametrize(
    "goal", ["Cada lunes a las nueve resume el texto", "Chaque lundi à neuf heures, résume le texte", "Each monday at nine summarise it"]
)  # fmt: skip
def test_hours_in_words_in_other_languages(goal):
    assert sketched(goal)["trigger"]["with"] == {"cron": "0 9 * * 1"}


def test_parts_given_as_settings_and_sides_of_one_sided_tests_are_mended():
    """Both were written by a large model that knew the form only from its description."""
    there = {"op": "all", "of": [{"op": "truthy", "left": {"$ref": "item.name"}}]}
    made = drawn(
        step("each", "loop", items="{{inputs.rows}}", body="is_there", **{"with": {"limit": 7}}),
        step("is_there", "condition", when=there, then=None),
    )
    steps = made.definition["steps"]
    assert steps["each"]["limit"] == 7
    assert "with" not in steps["each"]
    assert steps["is_there"]["when"]["of"] == [{"op": "truthy", "value": {"$ref": "loop.item.name"}}]
    assert any("moved to the step" in one for one in made.mended)
