"""Handles of secrets in settings and requests, ``{"$secret": "name"}``: finding, refusing and filling them, not opening.

And the other way round: hiding values that a service sends back.
"""

import base64
import html
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from apps.workflows.core.values import Json, is_secret

MARK = "secret"
PLACEHOLDER = "••••••••"
HANDLE: Mapping[str, Any] = {
    "type": "object",
    "required": ["$secret"],
    "additionalProperties": False,
    "properties": {"$secret": {"type": "string", "pattern": r"^[a-z][a-z0-9_]{0,59}$"}},
}


def handles(node: Json, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """(path, name) of every handle inside a value."""
    if is_secret(node):
        yield path, str(node["$secret"])
    elif isinstance(node, Mapping):
        for key, child in node.items():
            yield from handles(child, (*path, str(key)))
    elif isinstance(node, list | tuple):
        for index, child in enumerate(node):
            yield from handles(child, (*path, str(index)))


def names_in(definition: Json) -> frozenset[str]:
    """Every secret that a definition's steps name; a draft may be anything, so what is no step is passed over."""
    steps = definition.get("steps") if isinstance(definition, Mapping) else None
    bodies = steps.values() if isinstance(steps, Mapping) else ()
    return frozenset(
        name for body in bodies if isinstance(body, Mapping) for _path, name in handles(body.get("with", {}))
    )


def misplaced_secrets(config: Json, schema: Mapping[str, Json]) -> Iterator[tuple[str, ...]]:
    """Paths of handles that stand where the schema has no ``"secret": true``."""
    for path, _name in handles(config):
        if not _marked(schema, path):
            yield path


def _marked(schema: Json, path: tuple[str, ...]) -> bool:
    if not isinstance(schema, Mapping):
        return False
    if not path:
        return schema.get(MARK) is True
    inner = [schema.get("properties", {}).get(path[0])]
    if inner[0] is None:
        inner = [schema.get("additionalProperties"), schema.get("items") if path[0].isdigit() else None]
    choices = [option for word in ("anyOf", "oneOf", "allOf") for option in schema.get(word, ())]
    return any(_marked(one, path[1:]) for one in inner) or any(_marked(one, path) for one in choices)


def admit_handles(schema: Json) -> Json:
    """The schema with every marked place also taking a handle, for checking settings as they are written."""
    if isinstance(schema, list):
        return [admit_handles(child) for child in schema]
    if not isinstance(schema, Mapping):
        return schema
    changed = {key: admit_handles(child) for key, child in schema.items()}
    return {"anyOf": [changed, dict(HANDLE)]} if schema.get(MARK) is True else changed


def filled(node: Json, value_of: Callable[[str], str]) -> Json:
    """A copy in which every handle is replaced by ``value_of(name)``."""
    if is_secret(node):
        return value_of(str(node["$secret"]))
    if isinstance(node, Mapping):
        return {key: filled(child, value_of) for key, child in node.items()}
    if isinstance(node, list | tuple):
        return [filled(child, value_of) for child in node]
    return node


class Mask:
    """Puts ``PLACEHOLDER`` in place of known values wherever they stand in an answer: in texts, names and whole numbers.

    Found are the value itself, without its outer spaces, and written for a URL, JSON, HTML or base64. Not found is what was made
    of it otherwise: a part, a digest, the base64 of a longer text.
    """

    def __init__(self, values: Iterable[str]) -> None:
        forms = {form for value in values for form in _forms(value) if form}
        longest_first = sorted(forms, key=lambda form: (-len(form), form))
        self._found = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    def text(self, text: str) -> str:
        """The text without the values."""
        return self._found.sub(PLACEHOLDER, text) if self._found else text

    def hide(self, node: Json) -> Json:
        """A copy of a JSON value without the values; the very same object when there is nothing to look for."""
        if self._found is None:
            return node
        if isinstance(node, str):
            return self.text(node)
        if isinstance(node, Mapping):
            return {self.text(str(key)): self.hide(child) for key, child in node.items()}
        if isinstance(node, list | tuple):
            return [self.hide(child) for child in node]
        if isinstance(node, int | float) and self._found.fullmatch(str(node)):
            return PLACEHOLDER
        return node


def _forms(value: str) -> set[str]:
    raw = value.encode("utf-8", "surrogatepass")
    written = {
        value,
        value.strip(),
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        html.escape(value),
    }
    for coded in (
        quote(value, errors="replace"),
        quote(value, safe="", errors="replace"),
        quote_plus(value, errors="replace"),
    ):
        written |= {coded, re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), coded)}
    for packed in (base64.b64encode(raw), base64.urlsafe_b64encode(raw)):
        written |= {packed.decode(), packed.decode().rstrip("=")}
    return written
