"""What a model is told, in the form of a step that asks one: a prompt of the library with its variables, or messages.

The choice is in the document itself: ``messages`` stand there, or they do not. Taking the other way takes out what belonged to the
first, which "Undo" brings back.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from apps.ai import facade as ai
from apps.ai.contracts import PromptOption
from apps.workflows.builder.fields import MISSING, Node, Reader, build, typed
from apps.workflows.core.values import is_dynamic

Json = Any
Given = Mapping[str, Json]
STEP = "ai.generate"
LIBRARY, HERE = "library", "here"
TOLD, PROMPT, VARIABLES, MESSAGES = "with:told", "with.prompt", "with.variables", "with.messages"
FILLED = re.compile(r"with\.variables\.(.+):mode", re.DOTALL)
VALUE = {"type": "string"}
FIRST_MESSAGE = {"role": "user", "content": ""}


@dataclass(kw_only=True)
class PromptNode(Node):
    """The prompt as a choice of the library. ``slug`` is what is chosen, ``pin`` the version that is kept, ``current`` the one
    that counts without."""

    slug: str = ""
    pin: str = ""
    current: int | None = None
    about: str = ""
    own: bool = False
    builtin: bool = False
    groups: list[tuple[str, list[tuple[str, str]]]] = field(default_factory=list)
    versions: list[str] = field(default_factory=list)


@dataclass(kw_only=True)
class VariableNode(Node):
    """The value of one variable; ``extra`` ones the prompt does not have."""

    extra: bool = False


def told_by(given: Given) -> str:
    """Which of the two ways a step takes."""
    return HERE if "messages" in given and "prompt" not in given else LIBRARY


def arrange(nodes: list[Node], given: Given) -> list[Node]:
    """The step's fields with the choice first and only what belongs to the way that was chosen."""
    by_name = {node.name: node for node in nodes}
    prompt, variables, messages = (by_name.pop(name) for name in (PROMPT, VARIABLES, MESSAGES))
    told = Node(
        name=TOLD, kind="told", label=_("What the model is told"), text=told_by(given), required=True,
        choices=[(LIBRARY, _("A prompt of the library")), (HERE, _("Messages written here"))],
        help=_("Going the other way takes out what belongs to this one; Undo brings it back."),
    )  # fmt: skip
    if told.text == HERE:
        return [told, messages, *by_name.values()]
    if prompt.mode != "value":
        return [told, prompt, variables, *by_name.values()]
    chosen, option = _prompt_node(prompt, str(given.get("prompt") or ""))
    if variables.mode == "value":
        variables = _variables_node(variables, given.get("variables") or {}, option)
    return [told, chosen, variables, *by_name.values()]


def _prompt_node(plain: Node, reference: str) -> tuple[PromptNode, PromptOption | None]:
    slug, _at, pin = reference.partition("@")
    options = ai.list_prompts()
    known = ai.find_prompts({reference, slug}) if reference else {}
    of_slug = known.get(slug)
    option = known.get(reference) or of_slug
    if of_slug is None or (of_slug.builtin and pin):
        slug, pin, option = reference, "", None
    groups = [(title, [_choice(one) for one in options if one.builtin is kind]) for title, kind in _titles()]
    offered = {value for _title, choices in groups for value, _label in choices}
    if slug and slug not in offered:
        groups.insert(0, (_("Chosen now"), [_choice(of_slug) if option and of_slug else (slug, _missing(slug))]))
    own = option is not None and not option.builtin
    versions = [str(number) for number in ai.list_prompt_versions(slug)] if own else []
    node = PromptNode(
        name=PROMPT, kind="prompt", label=plain.label, required=True, slug=slug, pin=pin, groups=groups, own=own,
        builtin=bool(option and option.builtin), about=option.description if option else "",
        current=of_slug.version if of_slug else None, versions=[*([pin] if pin and pin not in versions else []), *versions],
    )  # fmt: skip
    return node, option


def _titles() -> tuple[tuple[str, bool], ...]:
    return (_("Prompts of this workspace"), False), (_("Built in"), True)


def _choice(option: PromptOption) -> tuple[str, str]:
    said = {"title": option.title, "version": option.version}
    if option.builtin:
        label = option.title
    elif option.version is None:
        label = _("%(title)s (not published)") % said
    elif option.archived:
        label = _("%(title)s (archived)") % said
    else:
        label = _("%(title)s · version %(version)s") % said
    return option.slug, label


def _missing(slug: str) -> str:
    return _("%(name)s (not in the library)") % {"name": slug}


def _variables_node(plain: Node, values: Given, option: PromptOption | None) -> Node:
    """One field per variable of the prompt, then what was filled in for variables it does not have."""
    variables = option.variables if option else ()
    names = [variable.name for variable in variables]
    children: list[Node] = [
        *(_variable(one.name, values, help=one.note, required=not one.optional) for one in variables),
        *(_variable(name, values, required=True, extra=True) for name in values if name not in names),
    ]
    return Node(
        name=VARIABLES, kind="variables", label=plain.label, children=children, errors=plain.errors,
        help="" if children or option is None else _("This prompt has no variables."),
    )  # fmt: skip


def _variable(name: str, values: Given, **more: Any) -> VariableNode:
    made = build(f"{VARIABLES}.{name}", VALUE, values.get(name), label=name)
    return VariableNode(**{**vars(made), **more})


def read(reader: Reader, properties: Mapping[str, Json], given: Given) -> dict[str, Json]:
    """Prompt, variables and messages as the form says; empty when the form is another one."""
    told = reader.sent.get(TOLD)
    if told not in (LIBRARY, HERE):
        return {}
    moved = told != told_by(given)
    if told == HERE:
        kept = given.get("messages") or [FIRST_MESSAGE]
        messages = kept if moved else reader.value(MESSAGES, properties["messages"], given.get("messages"))
        return {"prompt": MISSING, "variables": MISSING, "messages": [] if messages is MISSING else messages}
    if moved:
        return {"prompt": MISSING, "variables": given.get("variables", MISSING), "messages": MISSING}
    return {"prompt": _chosen(reader, given), "variables": _filled(reader, given), "messages": MISSING}


def _chosen(reader: Reader, given: Given) -> Json:
    slug, was = reader.sent.get(PROMPT, "").strip(), reader.sent.get(f"{PROMPT}:was")
    if was is None or reader.sent.get(f"{PROMPT}:mode") != "value":
        return reader.value(PROMPT, VALUE, given.get("prompt"))
    pin = reader.sent.get(f"{PROMPT}:version", "") if slug == was else ""
    return (f"{slug}@{pin}" if pin.isdecimal() else slug) or MISSING


def _filled(reader: Reader, given: Given) -> Json:
    before = given.get("variables")
    if reader.sent.get(f"{VARIABLES}:kind") != "variables":
        return reader.value(VARIABLES, {"type": "object"}, before)
    old = before if isinstance(before, Mapping) and not is_dynamic(before) else {}
    found = dict(old)
    for key in (match[1] for name in reader.sent if (match := FILLED.fullmatch(name))):
        value = MISSING if reader.remove == f"{VARIABLES}.{key}" else _value(reader, key, old)
        if value is MISSING:
            found.pop(key, None)
        else:
            found[key] = value
    return found or (before if before == {} else MISSING)


def _value(reader: Reader, key: str, old: Given) -> Json:
    """What was typed for a variable. Data that was shown as text and left alone stays data."""
    name = f"{VARIABLES}.{key}"
    shown = reader.sent.get(name, "").replace("\r\n", "\n")
    if reader.sent.get(f"{name}:mode") == "value" and key in old and shown == typed(old[key]):
        return old[key]
    return reader.value(name, VALUE, old.get(key))
