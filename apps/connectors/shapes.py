"""Short ways to write the JSON Schemas of manifests, and their words in the reader's language.

Titles and descriptions are English in the schema, which is data; they are marked with ``gettext_noop`` where they are written.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext

Schema = dict[str, Any]


def text(title: str, help: str = "", *, most: int = 2000, least: int = 0, **more: Any) -> Schema:  # noqa: A002
    """A text of at most ``most`` characters; ``least`` 1 forbids an empty one."""
    return _described({"type": "string", "maxLength": most, "minLength": least, **more}, title, help)


def long_text(title: str, help: str = "", *, most: int = 100_000, **more: Any) -> Schema:  # noqa: A002
    """A text of several lines."""
    return text(title, help, most=most, format="multiline", **more)


def number(title: str, help: str = "", *, least: int | None = None, most: int | None = None, **more: Any) -> Schema:  # noqa: A002
    """A whole number."""
    limits = {name: value for name, value in (("minimum", least), ("maximum", most)) if value is not None}
    return _described({"type": "integer", **limits, **more}, title, help)


def flag(title: str, help: str = "", *, default: bool = False) -> Schema:  # noqa: A002
    """Yes or no."""
    return _described({"type": "boolean", "default": default}, title, help)


def choice(title: str, values: tuple[str, ...], help: str = "", **more: Any) -> Schema:  # noqa: A002
    """One of a few words."""
    return _described({"type": "string", "enum": list(values), **more}, title, help)


def many(title: str, items: Schema, help: str = "", *, most: int = 100, **more: Any) -> Schema:  # noqa: A002
    """A list."""
    return _described({"type": "array", "items": items, "maxItems": most, **more}, title, help)


def mapping(title: str, help: str = "", values: Schema | None = None) -> Schema:  # noqa: A002
    """Names and values."""
    return _described({"type": "object", "additionalProperties": values or True}, title, help)


def record(*required: str, **properties: Schema) -> Schema:
    """Inputs: exactly these members, of which ``required`` must be there."""
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def result(*required: str, **properties: Schema) -> Schema:
    """Outputs: these members; ``required`` (default: all) are always there."""
    return {"type": "object", "properties": properties, "required": list(required or properties)}


def plain(title: str, kind: str | list[str] = "string") -> Schema:
    """A member of an output."""
    return {"type": kind, "title": title}


def translated_schema(schema: Mapping[str, Any]) -> Schema:
    """The schema with titles and descriptions in the active language."""
    return {
        name: gettext(value) if name in ("title", "description") and isinstance(value, str) and value else _inner(value)
        for name, value in schema.items()
    }


def _inner(value: Any) -> Any:
    if isinstance(value, Mapping):
        return translated_schema(value)
    return [_inner(one) for one in value] if isinstance(value, list) else value


def _described(schema: Schema, title: str, help: str) -> Schema:  # noqa: A002
    return {"title": title, **({"description": help} if help else {}), **schema}
