"""The steps a person can choose from, in groups, and what the builder's pages say about each kind of step."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from apps.workflows.language import StepDescription
from apps.workflows.palette import CATEGORIES, describe_steps
from apps.workflows.presentation import ICONS

Json = Any
PLAIN_ICON = "box"
GROUP_ICONS = {
    "ai": "sparkles", "task": "list-checks", "http": "globe", "email": "mail", "smtp": "mail", "notion": "database",
    "workflow": "workflow", "slack": "message-square", "set": "tag", "transform": "filter", "log": "file-text", "delay": "timer",
    "wait_event": "hand", "fail": "circle-x", "approval": "shield-check", "notify": "bell",
}  # fmt: skip
HIDDEN = frozenset({"task.brief", "task.verdict", "task.record", "task.ask_person", "task.deliver"})
TRUE_FOR_NOW: Mapping[str, Json] = {"op": "exists", "value": {"$ref": "inputs"}}
# What a new step begins with beside its type, so that it can be read at once.
BEGINNINGS: Mapping[str, Mapping[str, Json]] = {
    "condition": {"when": TRUE_FOR_NOW},
    "switch": {"cases": [{"when": TRUE_FOR_NOW}]},
    "loop": {"items": {"$ref": "inputs.items"}},
}


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of step. ``body`` is what a new one begins with beside its type, ``inside`` its form's schema."""

    type: str
    title: str
    group: str
    icon: str
    help: str
    effect: str
    body: Mapping[str, Json]
    config_schema: Mapping[str, Json]
    output_schema: Mapping[str, Json]

    def as_json(self) -> dict[str, Json]:
        """For the canvas: without the schemas, which only the server needs."""
        return {key: value for key, value in asdict(self).items() if not key.endswith("_schema")}


def kinds_by_type() -> dict[str, Kind]:
    """Every kind of step by its type, by group and title."""
    return {one.type: _kind(one) for one in describe_steps()}


def list_kinds() -> list[Kind]:
    """Those a person can add: the inner steps of the built-in answer are left out."""
    return [kind for kind in kinds_by_type().values() if kind.type not in HIDDEN]


def _kind(one: StepDescription) -> Kind:
    head, dot, _tail = one.type.partition(".")
    known = one.icon if one.icon != PLAIN_ICON else ICONS.get(one.type) or GROUP_ICONS.get(head)
    group = CATEGORIES.get(one.category, one.category)
    if one.category == "other" and dot:
        group = capfirst(head.replace("_", " "))
    return Kind(
        type=one.type,
        title=one.title if one.title != one.type else capfirst(one.type.rpartition(".")[2].replace("_", " ")),
        group=str(group),
        icon=known or ("plug" if dot else PLAIN_ICON),
        help=one.description,
        effect=one.effect,
        body=BEGINNINGS.get(one.type, {}),
        config_schema=one.config_schema if one.effect != "control" else {},
        output_schema=one.output_schema,
    )


def title_of(step_id: str, body: Mapping[str, Json], kinds: Mapping[str, Kind]) -> str:
    """What a step is called: its own title, else that of its kind, else its id."""
    kind = kinds.get(str(body.get("type")))
    return str(body.get("title") or (kind.title if kind else "") or step_id)


def way_label(body: Mapping[str, Json], place: str) -> str:
    """What a way out is called; empty for the ordinary one."""
    head, *rest = place.split(".")
    if head == "cases":
        case = body["cases"][int(rest[0])] if int(rest[0]) < len(body.get("cases", ())) else {}
        return str(case.get("title") or _("Case %(n)d") % {"n": int(rest[0]) + 1})
    if head == "branches":
        return _("New branch") if rest[0] == "+" else _("Branch %(n)d") % {"n": int(rest[0]) + 1}
    words = {
        "default": _("Otherwise"), "then": pgettext("way out", "Yes"), "else": pgettext("way out", "No"),
        "body": _("For each item"), "join": _("Come together"), "on_error": _("When it fails"),
        "on_timeout": _("When time is up"),
    }  # fmt: skip
    if head == "next":
        return _("Afterwards") if body.get("type") == "loop" else ""
    return str(words.get(head, head))
