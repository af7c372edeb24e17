"""The shelf of expressions: functions and operators, each with an example whose result is worked out when the page is made."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from apps.core.reference import Cell, Entry, Part
from apps.workflows.core.expression_functions import CELLS, FUNCTIONS, LAZY, STEPS
from apps.workflows.core.expressions import MAX_SOURCE, compile_expression
from apps.workflows.manual.schemas import as_json

SCOPE: Mapping[str, Any] = {
    "inputs": {
        "name": " Ada ", "total": 129.5, "tags": ["new", "paid"], "amounts": [20, 5, 12], "note": None,
        "order": {"id": "4711", "country": "ES"},
    },
    "steps": {"triage": {"output": {"label": "urgent"}, "visits": 1}}, "run": {"id": "r1"}, "loop": {},
}  # fmt: skip
# Function -> (how it is called, what it gives, example).
CALLS: Mapping[str, tuple[str, str, str]] = {
    "abs": ("abs(number)", noop("The number without its sign."), "abs(-3.5)"),
    "all": ("all(list)", noop("Whether every entry holds."), "all([amount > 0 for amount in inputs.amounts])"),
    "any": ("any(list)", noop("Whether at least one entry holds."), "any([amount > 15 for amount in inputs.amounts])"),
    "contains": (
        "contains(whole, part)",
        noop("Whether a text, a list or an object's keys contain something."),
        "contains(inputs.tags, 'paid')",
    ),
    "default": (
        "default(value, otherwise)",
        noop("The value, or the other one when there is none."),
        "default(inputs.note, 'no note')",
    ),
    "ends_with": ("ends_with(text, end)", noop("Whether a text ends like this."), "ends_with('offer.pdf', '.pdf')"),
    "exists": ("exists(value)", noop("Whether there is such a value and it is not nothing."), "exists(inputs.order.phone)"),
    "join": ("join(list, between)", noop("A list of texts as one text."), "join(inputs.tags, ', ')"),
    "keys": ("keys(object)", noop("The names in an object, as a list."), "keys(inputs.order)"),
    "len": ("len(value)", noop("How many characters, entries or names there are."), "len(inputs.tags)"),
    "lower": ("lower(text)", noop("In small letters."), "lower(inputs.order.country)"),
    "max": ("max(list)", noop("The largest of a list of numbers, or of several numbers."), "max(inputs.amounts)"),
    "min": ("min(list)", noop("The smallest of a list of numbers, or of several numbers."), "min(inputs.total, 100)"),
    "number": ("number(value)", noop("A text as a number."), "number(inputs.order.id) + 1"),
    "replace": ("replace(text, old, new)", noop("The text with every occurrence replaced."), "replace('4 711', ' ', '')"),
    "round": (
        "round(number, digits)",
        noop("Rounded, to whole numbers or to as many digits as you say; a half goes to the even digit."),
        "round(inputs.total * 1.21, 2)",
    ),
    "sorted": ("sorted(list)", noop("The list in order: numbers, or texts."), "sorted(inputs.amounts)"),
    "split": ("split(text, between)", noop("A text as a list."), "split('red, blue', ', ')"),
    "starts_with": ("starts_with(text, start)", noop("Whether a text begins like this."), "starts_with(inputs.order.id, '47')"),
    "sum": ("sum(list)", noop("The sum of a list of numbers."), "sum(inputs.amounts)"),
    "text": ("text(value)", noop("Anything as a text."), "'Order ' + text(inputs.total)"),
    "trim": ("trim(text)", noop("Without blanks at both ends."), "trim(inputs.name)"),
    "upper": ("upper(text)", noop("In capital letters."), "upper(trim(inputs.name))"),
    "values": ("values(object)", noop("The values in an object, as a list."), "values(inputs.order)"),
}  # fmt: skip
OPERATORS: Mapping[str, tuple[str, str, str]] = {
    "paths": ("inputs.name", noop("A value by its path: below inputs, steps, run or loop."), "steps.triage.output.label"),
    "compare": ("== != < <= > >=", noop("Compare; order is for two numbers or two texts."), "inputs.total >= 100"),
    "logic": ("and or not", noop("Join and turn round what holds."), "inputs.total > 100 and not exists(inputs.note)"),
    "in": ("in", noop("Whether something is in a list, a text or an object's keys."), "'paid' in inputs.tags"),
    "arithmetic": ("+ - * / // %", noop("Work with numbers; + also puts texts and lists together."), "(inputs.total - 29.5) / 4"),
    "choice": ("a if … else b", noop("One value or the other."), "'large' if inputs.total > 100 else 'small'"),
    "index": (
        "[0] [-1] [1:3]",
        noop("An entry of a list or a letter of a text, counted from 0; from the end with minus; a part."),
        "inputs.amounts[0:2]",
    ),
    "list": ("[… for … in … if …]", noop("A new list out of a list."), "[amount * 2 for amount in inputs.amounts if amount > 5]"),
    "object": (
        "{'name': value}",
        noop("A new object; its names are texts in quotes."),
        "{'id': inputs.order.id, 'tags': len(inputs.tags)}",
    ),
}  # fmt: skip


def list_expressions() -> list[Entry]:
    """Operators, then every function the language has, by name."""
    known = {name: CALLS.get(name, (f"{name}(…)", "", "")) for name in sorted({*FUNCTIONS, *LAZY})}
    operators = [_entry(name, said, _("Operators")) for name, said in OPERATORS.items()]
    return operators + [_entry(name, said, _("Functions")) for name, said in known.items()]


def _entry(name: str, said: tuple[str, str, str], group: str) -> Entry:
    call, summary, example = said
    return Entry(
        slug=name, title=call, mark=name, summary=_(summary) if summary else "", icon="square-pen", group=group,
        words=example, parts=lambda: _parts(example),
    )  # fmt: skip


def _parts(example: str) -> tuple[Part, ...]:
    if not example:
        return ()
    return (
        Part(
            facts=(
                (_("Example"), Cell(text=example, is_code=True)),
                (_("Gives"), Cell(text=result_of(example), is_code=True)),
            )
        ),
    )


def result_of(example: str) -> str:
    """What an example gives with ``SCOPE``, as JSON. Raises ``ValueProblem``."""
    return as_json(compile_expression(example)(SCOPE), compact=True)


def about() -> tuple[Part, ...]:
    """What the shelf's page begins with: where expressions stand, their data here, their limits."""
    limits = _(
        "At most %(letters)s characters; an evaluation may take %(steps)s small steps and look at %(cells)s characters or"
        " entries."
    )
    limits %= {"letters": f"{MAX_SOURCE:,}", "steps": f"{STEPS:,}", "cells": f"{CELLS:,}"}
    return (
        Part(
            texts=(
                _(
                    "An expression stands wherever a value may stand. It reads data and gives a value; it can do nothing else."
                ),
                _("There is no clock and no chance in it, so the same data always give the same value."),
                limits,
            ),
            code=as_json({"total": {"$expr": "round(inputs.net * 1.21, 2)"}}),
        ),
        Part(title=_("The data of the examples"), code=as_json(SCOPE["inputs"])),
    )
