"""Patches that forms of the outline carry, and small words of the builder's pages."""

import json
from collections.abc import Sequence
from typing import Any

from django import template
from django.utils.translation import gettext as _

from apps.workflows.builder.drafts import Draft
from apps.workflows.builder.fields import Node
from apps.workflows.builder.outline import Line, Way

register = template.Library()
TONES = {
    "ai": "ai",
    "switch": "way",
    "condition": "way",
    "parallel": "way",
    "join": "way",
    "loop": "way",
    "approval": "person",
    "wait_event": "person",
    "fail": "stop",
}


@register.filter
def tone_of(kind: str) -> str:
    """The colour family of a kind of step."""
    return TONES.get(kind) or TONES.get(str(kind).partition(".")[0]) or ("basic" if "." not in str(kind) else "app")


@register.filter
def start_patch(step: str) -> str:
    """Begin with this step."""
    return json.dumps({"op": "set_start", "step": step})


@register.filter
def remove_patch(step: str) -> str:
    """Take the step out; what led to it leads on."""
    return json.dumps({"op": "remove_step", "step": step})


@register.filter
def rename_patch(step: str) -> str:
    """Give it the name in the form's field."""
    return json.dumps({"op": "rename_step", "step": step})


@register.filter
def copy_patch(step: str, draft: Draft) -> str:
    """Another one like it, put after it."""
    body = draft.document["steps"][step]
    after = {"step": step} if "next" in body or body.get("type") in ("set", "log", "transform", "delay") else None
    return json.dumps({"op": "paste", "steps": {step: body}} | ({"after": after} if after else {}))


@register.filter
def connect_patch(step: str, place: str) -> str:
    """Let this way out lead to the chosen step."""
    return json.dumps({"op": "connect", "step": step, "place": place})


@register.filter
def add_after(line: Line) -> str:
    """A new step behind this one."""
    return json.dumps({"op": "add_step", "after": {"step": line.id, "place": line.main}})


@register.filter
def add_on_way(way: Way, line: Line) -> str:
    """A new step at the end of this way, before it meets others."""
    last = next((one for one in reversed(way.lines) if one.main == "next" and one.type != "fail"), None)
    after = (
        {"step": last.id, "place": "next"} if last and last is way.lines[-1] else {"step": line.id, "place": way.place}
    )
    return json.dumps({"op": "add_step", "after": after})


@register.filter
def add_branch(line: Line) -> str:
    """One more branch that begins with a new step."""
    return json.dumps({"op": "add_step", "after": {"step": line.id, "place": "branches.+"}})


@register.filter
def add_at_end(draft: Draft) -> str:
    """A new step behind the last one of the main way, or the first one."""
    steps, current, seen = draft.document.get("steps", {}), draft.document.get("start"), set()
    last = None
    while current in steps and current not in seen:
        seen.add(current)
        last, current = current, steps[current].get("next")
    if last is None:
        return json.dumps({"op": "add_step", "after": None})
    return json.dumps({"op": "add_step", "after": {"step": last}})


@register.filter
def any_given(nodes: Sequence[Node]) -> bool:
    """Whether one of these settings is in use."""
    return any(node.text or node.errors or (node.children and any_given(node.children)) for node in nodes)


@register.filter
def operators(_value: Any) -> list[tuple[str, str]]:
    """Comparisons a condition can make."""
    return [
        ("eq", _("is")), ("ne", _("is not")), ("gt", _("is more than")), ("gte", _("is at least")), ("lt", _("is less than")),
        ("lte", _("is at most")), ("contains", _("contains")), ("in", _("is one of")), ("starts_with", _("begins with")),
        ("ends_with", _("ends with")), ("exists", _("is there")), ("empty", _("is empty")), ("truthy", _("is set and not zero")),
        ("all", _("all of these hold")), ("any", _("one of these holds")), ("not", _("this does not hold")),
        ("$expr", _("this expression is true")),
    ]  # fmt: skip


@register.filter
def pretty(value: Any) -> str:
    """JSON over several lines."""
    return json.dumps(value, ensure_ascii=False, indent=2)


@register.filter
def how_words(how: str) -> str:
    """Where a step's output in a test came from."""
    words = {
        "pinned": _("pinned sample"), "computed": _("computed"), "seen": _("as in an earlier run"),
        "promised": _("made-up sample"), "held": _("held"), "waits": _("waits"),
        "way": _("chose a way"), "skipped": _("waiting skipped"),
    }  # fmt: skip
    return words.get(how, how)
