"""For every problem code: what it means in plain words, the smallest thing that has it, and the same thing mended.

``wrong`` and ``right`` are definitions, or the interesting part of one (``steps``, ``triggers``, …), see ``whole``. A text stands
where no small definition can show it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_noop as noop

Json = Any
NOTE: Json = {"type": "log", "with": {"message": "Done."}}


@dataclass(frozen=True, kw_only=True)
class Shown:
    """``meaning`` is English and marked for translation; empty: the problem's own message says it all."""

    meaning: str
    wrong: Json
    right: Json


def whole(part: Mapping[str, Json]) -> dict[str, Json]:
    """A complete definition around the part an example shows."""
    steps = part.get("steps", {"note": NOTE})
    return {"schema": 1, "start": next(iter(steps), "note"), "steps": steps, **part}


def _note(message: Json, **more: Json) -> Json:
    return {"type": "log", "with": {"message": message}, **more}


def _steps(**steps: Json) -> Json:
    return {"steps": steps}


def _inputs(**inputs: Json) -> Json:
    return {"inputs": {"type": "object", "properties": inputs}}


def _call(secret: str) -> Json:
    headers = {"X-Key": {"$secret": secret}}
    return _steps(
        call={"type": "http.get", "with": {"inputs": {"url": "https://shop.example.com/orders", "headers": headers}}}
    )


def _trigger(kind: str, **settings: Json) -> Json:
    return {"triggers": {"start": {"type": kind, "with": settings}}}


def _ask(prompt: str, **variables: Json) -> Json:
    return _steps(ask={"type": "ai.generate", "with": {"prompt": prompt, "variables": variables}})


ASKED = {"title": "Offer", "body": "An offer for 20 chairs"}
FORM: Mapping[str, Shown] = {
    "not_json": Shown(
        meaning=noop("A definition is plain data. Something in it is none: an endless number, a date, a function."),
        wrong='{"limit": NaN}', right={"steps": {"set": {"type": "set", "with": {"limit": 100}}}},
    ),
    "too_large": Shown(
        meaning=noop("A version is kept for ever and read for every run, so its size has a limit."),
        wrong='{"message": "a text of 300,000 letters …"}', right=_steps(note=_note({"$ref": "inputs.letter"})),
    ),
    "too_deep": Shown(
        meaning=noop("Lists and objects stand inside one another more often than a person could follow."),
        wrong="[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[ … ]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", right=_steps(note=_note("flat")),
    ),
    "schema_violation": Shown(
        meaning=noop("Something is missing, has the wrong kind, or is not known to the format. The message names the place."),
        wrong=_steps(note={**NOTE, "colour": "red"}), right=_steps(note={**NOTE, "note": "red"}),
    ),
    "unknown_start": Shown(
        meaning=noop("The workflow says where to begin, and there is no such step."),
        wrong={"start": "first", "steps": {"note": NOTE}}, right={"start": "note", "steps": {"note": NOTE}},
    ),
    "no_steps": Shown(
        meaning=noop("An empty workflow has nothing to run."), wrong={"steps": {}}, right=_steps(note=NOTE),
    ),
    "missing_next": Shown(
        meaning=noop("A way leads to a step that was removed or never existed."),
        wrong=_steps(ask=_note("…", next="send")), right=_steps(ask=_note("…", next="send"), send=NOTE),
    ),
    "unreachable_step": Shown(
        meaning=noop("The step stands there, but no way leads to it, so it would never run."),
        wrong=_steps(ask=NOTE, lost=NOTE), right=_steps(ask={**NOTE, "next": "found"}, found=NOTE),
    ),
    "endless_cycle": Shown(
        meaning=noop("The steps lead round in a circle that nothing leaves."),
        wrong=_steps(one=_note("…", next="two"), two=_note("…", next="one")),
        right=_steps(
            one=_note("…", next="enough"),
            enough={"type": "condition", "when": {"$expr": "steps.one.visits >= 3"}, "then": None, "else": "one"},
        ),
    ),
    "unknown_step_type": Shown(
        meaning=noop("Nobody here knows this type of step. Perhaps it is misspelt, perhaps its connector is not installed."),
        wrong=_steps(note={"type": "logg"}), right=_steps(note=NOTE),
    ),
    "bad_config": Shown(
        meaning=noop("A setting of the step is missing, unknown or of the wrong kind. The message names it."),
        wrong=_steps(wait={"type": "delay", "with": {"seconds": "ten"}}),
        right=_steps(wait={"type": "delay", "with": {"seconds": 10}}),
    ),
    "misplaced_field": Shown(
        meaning=noop("The field belongs to another type of step."),
        wrong=_steps(note={**NOTE, "branches": ["a"]}), right=_steps(note=NOTE),
    ),
    "missing_field": Shown(
        meaning=noop("This type of step cannot work without the field."),
        wrong=_steps(loop={"type": "loop", "items": {"$ref": "inputs.orders"}}),
        right=_steps(loop={"type": "loop", "items": {"$ref": "inputs.orders"}, "body": "note"}, note=NOTE),
    ),
    "missing_cases": Shown(
        meaning=noop("Without a case there is nothing to choose from."),
        wrong=_steps(way={"type": "switch", "default": "note"}, note=NOTE),
        right=_steps(
            way={"type": "switch", "cases": [{"when": {"$expr": "inputs.total > 9"}, "next": "note"}], "default": "note"}, note=NOTE
        ),
    ),
    "bad_join": Shown(
        meaning=noop("Branches that run side by side have to meet again, in a step of the type join."),
        wrong=_steps(both={"type": "parallel", "branches": ["a", "b"]}, a=NOTE, b=NOTE),
        right=_steps(
            both={"type": "parallel", "branches": ["a", "b"], "join": "meet"},
            a=_note("…", next="meet"), b=_note("…", next="meet"),
            meet={"type": "join"},
        ),
    ),
    "step_shared_with_loop": Shown(
        meaning=noop("A step of the loop's body can also be reached from outside, so nobody could tell which item it is about."),
        wrong=_steps(
            loop={"type": "loop", "items": {"$ref": "inputs.orders"}, "body": "line", "next": "line"}, line=_note("…"),
        ),
        right=_steps(
            loop={"type": "loop", "items": {"$ref": "inputs.orders"}, "body": "line", "next": "end"}, line=_note("…"), end=NOTE,
        ),
    ),
}  # fmt: skip
VALUES: Mapping[str, Shown] = {
    "bad_inputs_schema": Shown(
        meaning=noop("The inputs are described by a JSON Schema, and this is none."),
        wrong={"inputs": {"type": "number of orders"}},
        right={"inputs": {"type": "object", "properties": {"total": {"type": "number"}}}},
    ),
    "bad_default": Shown(
        meaning=noop("The value an input has when a run does not bring it must be one that a run could have brought."),
        wrong=_inputs(total={"type": "number", "default": "many"}),
        right=_inputs(total={"type": "number", "default": 1}),
    ),
    "unknown_input": Shown(
        meaning=noop("The workflow says which inputs it has, and a step takes one that is not among them."),
        wrong=_inputs(total={"type": "number"}) | _steps(note=_note({"$ref": "inputs.sum"})),
        right=_inputs(total={"type": "number"}) | _steps(note=_note({"$ref": "inputs.total"})),
    ),
    "bad_reference": Shown(
        meaning=noop("A path begins with inputs, steps, run or loop (in a trigger: with trigger) and names something that exists."),
        wrong=_steps(note=_note({"$ref": "steps.gone.output"})), right=_steps(note=_note({"$ref": "inputs.name"})),
    ),
    "reference_never_set": Shown(
        meaning=noop("The step that is referred to comes later, or on another way, so it has given nothing yet."),
        wrong=_steps(one=_note({"$ref": "steps.two.output.message"}, next="two"), two=NOTE),
        right=_steps(one=_note("…", next="two"), two=_note({"$ref": "steps.one.output.message"})),
    ),
    "loop_outside": Shown(
        meaning=noop("Only the steps of a loop's body have an item to speak of."),
        wrong=_steps(note=_note({"$ref": "loop.item"})),
        right=_steps(loop={"type": "loop", "items": {"$ref": "inputs.orders"}, "body": "note"}, note=_note({"$ref": "loop.item"})),
    ),
    "bad_text": Shown(
        meaning=noop("The braces of a placeholder do not match."),
        wrong=_steps(note=_note({"$text": "Dear {{inputs.name}"})), right=_steps(note=_note({"$text": "Dear {{inputs.name}}"})),
    ),
    "bad_condition": Shown(
        meaning=noop("A condition compares two values, asks one, or joins other conditions. This one does none of that."),
        wrong=_steps(if_large={"type": "condition", "when": {"op": "bigger", "left": {"$ref": "inputs.total"}, "right": 100}}),
        right=_steps(if_large={"type": "condition", "when": {"op": "gt", "left": {"$ref": "inputs.total"}, "right": 100}}),
    ),
    "bad_expression": Shown(
        meaning=noop("The expression uses something the language does not have, or is not finished."),
        wrong=_steps(note=_note({"$expr": "inputs.name.upper()"})), right=_steps(note=_note({"$expr": "upper(inputs.name)"})),
    ),
    "bad_secret": Shown(
        meaning=noop("A secret is named by its name alone: small letters, digits and underscores."),
        wrong=_steps(note=_note({"$secret": "My key"})), right=_steps(note=NOTE),
    ),
    "secret_not_allowed": Shown(
        meaning=noop("A secret may only stand where it is sent and never shown, such as the value of a header."),
        wrong=_steps(note=_note({"$secret": "shop_key"})),
        right=_call("shop_key"),
    ),
    "unknown_secret": Shown(
        meaning=noop("The workflow names a secret this workspace does not have, or has no more."),
        wrong=_call("shop_kee"),
        right=_call("shop_key"),
    ),
    "unknown_workflow": Shown(
        meaning=noop("The workflow that should be run does not exist, or has no published version."),
        wrong=_steps(call={"type": "workflow.run", "with": {"workflow": "write-invoise"}}),
        right=_steps(call={"type": "workflow.run", "with": {"workflow": "write-invoice"}}),
    ),
    "workflow_cycle": Shown(
        meaning=noop("Workflows call one another in a circle: this one is called, directly or by others, by the one it calls."),
        wrong=_steps(call={"type": "workflow.run", "with": {"workflow": "this-workflow"}}),
        right=_steps(call={"type": "workflow.run", "with": {"workflow": "write-invoice"}}),
    ),
    "nothing_to_say": Shown(
        meaning=noop("A step that asks a model says nothing to it, or says it in two ways at once."),
        wrong=_steps(ask={"type": "ai.generate", "with": {"max_output_tokens": 300}}), right=_ask("task.drafting", **ASKED),
    ),
    "unknown_prompt": Shown(
        meaning=noop("The prompt library has no prompt by this name, or no version of it by this number."),
        wrong=_ask("task.drafting@7", **ASKED), right=_ask("task.drafting", **ASKED),
    ),
    "prompt_not_published": Shown(
        meaning=noop("The prompt has a draft only. A step can use it as soon as it is published."),
        wrong=_ask("still-a-draft"), right=_ask("task.drafting", **ASKED),
    ),
    "prompt_value_missing": Shown(
        meaning=noop("A variable of the prompt gets no value here, so the model could not be asked."),
        wrong=_ask("task.drafting", title="Offer"), right=_ask("task.drafting", **ASKED),
    ),
    "unknown_prompt_variable": Shown(
        meaning=noop("The step gives a value to a variable the prompt does not have. Perhaps its name is misspelt."),
        wrong=_ask("task.drafting", **ASKED, langauge="es"), right=_ask("task.drafting", **ASKED, language="es"),
    ),
    "prompt_archived": Shown(
        meaning=noop("The prompt is no longer offered. What names it goes on, with the version that was current last."),
        wrong=_ask("an-old-one"), right=_ask("task.drafting", **ASKED),
    ),
    "tainted_value": Shown(
        meaning=noop(
            "Whoever can write this text could choose whom something goes to, which address is called or how much is paid. It is"
            " allowed, but then every run waits for a person at this step."
        ),
        wrong={
            "start": "ask",
            "steps": {
                "ask": {"type": "ai.extract", "with": {"text": "…", "schema": {"type": "object"}}, "next": "send"},
                "send": {
                    "type": "email.send",
                    "with": {"to": [{"$ref": "steps.ask.output.data.address"}], "subject": "Hello", "body": "…"},
                },
            },
        },
        right=_steps(send={"type": "email.send", "with": {"to": ["ada@example.com"], "subject": "Hello", "body": "…"}}),
    ),
    "untrusted_choice": Shown(
        meaning=noop("Whoever can write this text would choose what runs here, and nobody is asked before this step."),
        wrong={
            "start": "ask",
            "steps": {
                "ask": {"type": "ai.extract", "with": {"text": "…", "schema": {"type": "object"}}, "next": "call"},
                "call": {"type": "workflow.run", "with": {"workflow": {"$ref": "steps.ask.output.data.name"}}},
            },
        },
        right=_steps(call={"type": "workflow.run", "with": {"workflow": "write-invoice"}}),
    ),
}  # fmt: skip
TRIGGERS: Mapping[str, Shown] = {
    "unknown_trigger_type": Shown(
        meaning=noop("There is no such kind of trigger."),
        wrong={"triggers": {"start": {"type": "timer"}}}, right=_trigger("manual"),
    ),
    "unknown_zone": Shown(
        meaning="", wrong=_trigger("schedule", daily={"at": "09:00"}, zone="Madrid"),
        right=_trigger("schedule", daily={"at": "09:00"}, zone="Europe/Madrid"),
    ),
    "exactly_one_rule": Shown(
        meaning=noop("A schedule has one rule. Two triggers may have one each."),
        wrong=_trigger("schedule", every_hours=2, cron="0 9 * * *"), right=_trigger("schedule", every_hours=2),
    ),
    "ends_before_start": Shown(
        meaning="", wrong=_trigger("schedule", every_hours=2, starts_at="2027-03-01T00:00", ends_at="2027-02-01T00:00"),
        right=_trigger("schedule", every_hours=2, starts_at="2027-02-01T00:00", ends_at="2027-03-01T00:00"),
    ),
    "not_five_fields": Shown(
        meaning="", wrong=_trigger("schedule", cron="0 9 * *"), right=_trigger("schedule", cron="0 9 * * *"),
    ),
    "not_cron": Shown(
        meaning="", wrong=_trigger("schedule", cron="0 25 * * *"), right=_trigger("schedule", cron="0 9 * * 1-5"),
    ),
    "never_due": Shown(
        meaning=noop("By its rules the schedule has no next time: the end has passed."),
        wrong=_trigger("schedule", every_hours=2, ends_at="2020-01-01T00:00"), right=_trigger("schedule", every_hours=2),
    ),
    "name_days": Shown(
        meaning="", wrong=_trigger("schedule", weekly={"at": "09:00", "days": []}),
        right=_trigger("schedule", weekly={"at": "09:00", "days": ["mon"]}),
    ),
    "not_a_time": Shown(
        meaning="", wrong=_trigger("schedule", daily={"at": "9 o'clock"}), right=_trigger("schedule", daily={"at": "09:00"}),
    ),
    "out_of_range": Shown(
        meaning="", wrong=_trigger("schedule", every_minutes=10**9), right=_trigger("schedule", every_minutes=30),
    ),
    "not_a_moment": Shown(
        meaning="", wrong=_trigger("schedule", every_hours=2, starts_at="soon"),
        right=_trigger("schedule", every_hours=2, starts_at="2027-01-31T09:00"),
    ),
    "header_needed": Shown(
        meaning="", wrong=_trigger("webhook", verify="hmac"), right=_trigger("webhook", verify="hmac", header="X-Signature"),
    ),
    "unknown_event": Shown(
        meaning=noop("Nothing in the workspace tells of such an event."),
        wrong=_trigger("event", events=["task.exploded"]), right=_trigger("event", events=["task.finished"]),
    ),
    "trigger_loop": Shown(
        meaning=noop("What a workflow's own runs cause does not start it again, or it would never end."),
        wrong=_trigger("event", events=["run.failed"], workflow="this-workflow"),
        right=_trigger("event", events=["run.failed"], workflow="write-invoice"),
    ),
}  # fmt: skip
ADVICE: Mapping[str, Shown] = {
    "no_way_on_failure": Shown(
        meaning=noop("When one item of the list fails, the whole run fails with it, and the items after it are not begun."),
        wrong=_steps(
            loop={"type": "loop", "items": {"$ref": "inputs.orders"}, "body": "send"},
            send={"type": "email.send", "with": {"to": ["ada@example.com"], "subject": "Order", "body": "…"}},
        ),
        right=_steps(
            loop={"type": "loop", "items": {"$ref": "inputs.orders"}, "body": "send"},
            send={"type": "email.send", "with": {"to": ["ada@example.com"], "subject": "Order", "body": "…"}, "on_error": "note"},
            note=_note("It went wrong; go on with the next."),
        ),
    ),
}  # fmt: skip
EXAMPLES: Mapping[str, Shown] = {**FORM, **VALUES, **TRIGGERS, **ADVICE}
