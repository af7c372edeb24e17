"""The wording of a workspace's prompt: what may stand in it, its variables, filling it in. Pure; nothing is evaluated."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.ai.contracts import PromptVariable
from apps.core.errors import InvalidInput

MAX_SYSTEM, MAX_USER = 20_000, 50_000
MAX_VARIABLES, MAX_NOTE = 30, 200
PLACE = re.compile(r"\{\{\s*([a-z][a-z0-9_]{0,39})\s*\}\}")
ANY_PLACE = re.compile(r"\{\{(.{0,80}?)\}\}", re.DOTALL)


def names_in(text: str) -> list[str]:
    """Variables of a text, in the order of their first appearance."""
    return list(dict.fromkeys(PLACE.findall(text)))


def check_wording(*, system: str, user: str) -> None:
    """Raises ``InvalidInput`` (system, user).

    Variables may stand in the request only: what fills them comes from strangers and models, and must not be read as an
    instruction of the workspace.
    """
    wrong: dict[str, Any] = {}
    if len(system) > MAX_SYSTEM or "\x00" in system:
        wrong["system"] = _("At most 20,000 characters.")
    elif ANY_PLACE.search(system):
        wrong["system"] = _(
            "Variables belong into the request. What fills them may come from strangers and must not become an instruction."
        )
    if not user.strip():
        wrong["user"] = _("Write what is asked of the model.")
    elif len(user) > MAX_USER or "\x00" in user:
        wrong["user"] = _("At most 50,000 characters.")
    elif strange := [found for found in ANY_PLACE.findall(user) if not PLACE.fullmatch("{{" + found + "}}")]:
        wrong["user"] = _(
            "{{%(name)s}} is no variable: use small letters, digits and _ only, for example {{customer_name}}."
        ) % {"name": strange[0][:40]}
    elif len(names_in(user)) > MAX_VARIABLES:
        wrong["user"] = _("At most 30 variables.")
    if wrong:
        raise InvalidInput(fields=wrong)


def describe(user: str, known: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The variables of a request with what is known of them; descriptions of variables that left the text are dropped.

    Raises ``InvalidInput`` (variables).
    """
    said = {str(one.get("name")): one for one in known}
    notes = {name: str(one.get("note") or "").strip() for name, one in said.items()}
    if any(len(note) > MAX_NOTE or "\x00" in note for note in notes.values()):
        raise InvalidInput(fields={"variables": _("Describe a variable in at most 200 characters.")})
    return [
        {"name": name, "note": notes.get(name, ""), "optional": bool(said.get(name, {}).get("optional"))}
        for name in names_in(user)
    ]


def variables_of(stored: Iterable[Mapping[str, Any]]) -> tuple[PromptVariable, ...]:
    """Stored variables as contracts."""
    return tuple(PromptVariable(name=one["name"], note=one["note"], optional=one["optional"]) for one in stored)


def content_hash(*, system: str, user: str, variables: Iterable[Mapping[str, Any]]) -> str:
    """Of everything that decides what a model is told; notes about variables do not."""
    optional = sorted(one["name"] for one in variables if one["optional"])
    return hashlib.sha256(json.dumps([system, user, optional]).encode()).hexdigest()


def missing_values(variables: Iterable[PromptVariable], values: Mapping[str, Any]) -> list[str]:
    """Variables that need a value and have none. Empty text is a value; null is not."""
    return [one.name for one in variables if not one.optional and values.get(one.name) is None]


def fill(user: str, values: Mapping[str, Any]) -> str:
    """The request with every variable replaced once: braces inside values stay as they are, lists and objects become JSON."""
    return PLACE.sub(lambda match: _as_text(values.get(match.group(1))), user)


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
