"""Every step type as the builder's palette, the docs and the form generator see it."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.workflows.contracts import StepDescription, StepHandler
from apps.workflows.core.schema import STEP
from apps.workflows.enums import EffectClass
from apps.workflows.registries import step_types

CATEGORIES = {
    "flow": gettext_lazy("Flow"),
    "data": gettext_lazy("Data"),
    "ai": gettext_lazy("AI"),
    "people": gettext_lazy("People"),
    "connect": gettext_lazy("Connections"),
    "other": gettext_lazy("Other"),
}
# type -> (title, what it does, icon, its own fields, schema of its output)
CONTROL: Mapping[str, tuple[Any, Any, str, tuple[str, ...], Mapping[str, Any]]] = {
    "condition": (
        gettext_lazy("If … else"),
        gettext_lazy("Goes one way when a condition holds and another way when it does not."),
        "split",
        ("when", "then", "else"),
        {"type": "object", "properties": {"next": {"type": ["string", "null"]}, "result": {"type": "boolean"}}},
    ),
    "switch": (
        gettext_lazy("Choose a way"),
        gettext_lazy("Takes the first case that holds, or the default way."),
        "route",
        ("cases", "default"),
        {"type": "object", "properties": {"next": {"type": ["string", "null"]}}},
    ),
    "loop": (
        gettext_lazy("For each item"),
        gettext_lazy(
            "Runs its body once for every item of a list, one after the other, and keeps what each item gave."
        ),
        "repeat",
        ("items", "body", "next", "collect", "limit"),
        {"type": "object", "properties": {"results": {"type": "array"}, "count": {"type": "integer"}}},
    ),
    "parallel": (
        gettext_lazy("At the same time"),
        gettext_lazy("Runs several branches side by side; they meet again at a join."),
        "git-fork",
        ("branches", "join"),
        {"type": "object", "properties": {"branches": {"type": "array", "items": {"type": "string"}}}},
    ),
    "join": (
        gettext_lazy("Bring together"),
        gettext_lazy("Waits until every branch that leads here has arrived."),
        "git-merge",
        ("next",),
        {"type": "object", "properties": {"arrived": {"type": "integer"}}},
    ),
}


def describe_steps() -> list[StepDescription]:
    """The palette in the reader's language: by category, then title."""
    found = [_control(kind) for kind in CONTROL] + [_handler(handler) for handler in step_types]
    order = list(CATEGORIES)
    return sorted(
        found, key=lambda one: (order.index(one.category) if one.category in order else len(order), one.title)
    )


def _control(kind: str) -> StepDescription:
    title, description, icon, fields, output = CONTROL[kind]
    properties = {name: plain(STEP["properties"][name]) for name in fields}
    return StepDescription(
        type=kind,
        title=str(title),
        category="flow",
        description=str(description),
        icon=icon,
        effect="control",
        effect_label=_("Decides the way, touches nothing"),
        config_schema={"type": "object", "properties": properties},
        output_schema=output,
        sensitive={},
        timeout_s=0,
        max_attempts=1,
        untrusted=False,
        handles_dry_run=True,
        fields=fields,
    )


def _handler(handler: StepHandler) -> StepDescription:
    return StepDescription(
        type=handler.type,
        title=str(handler.title or handler.type),
        category=handler.category,
        description=str(handler.description),
        icon=handler.icon,
        effect=handler.effect.value,
        effect_label=str(EffectClass(handler.effect).label),
        config_schema=plain(handler.config_schema),
        output_schema=plain(handler.output_schema),
        sensitive=dict(handler.sensitive),
        timeout_s=handler.timeout_s,
        max_attempts=handler.retry.max_attempts,
        untrusted=handler.untrusted,
        handles_dry_run=handler.handles_dry_run,
    )


SAID = ("title", "description")


def plain(schema: Any) -> Any:
    """A schema as JSON with its titles and descriptions in the reader's language; they are marked English texts in the code."""
    if isinstance(schema, Mapping):
        return {
            key: _(value) if key in SAID and isinstance(value, str) and value else plain(value)
            for key, value in schema.items()
        }
    if isinstance(schema, list | tuple):
        return [plain(value) for value in schema]
    return schema if isinstance(schema, str | int | float | bool | None) else str(schema)
