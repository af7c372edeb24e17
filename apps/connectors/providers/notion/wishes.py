"""Values on their way to Notion: checked and brought into the form they are kept, compared and sent in. Pure."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

from apps.connectors.providers.notion.codec import (
    LIST,
    OPTION,
    SHORT,
    WrongValue,
    clean,
    number,
    shorten,
    split_text,
    stamp,
    utf16,
)
from apps.connectors.providers.notion.specs import Json, PropertySpec


def encode(spec: PropertySpec, value: Json, *, remote_type: str = "") -> dict[str, Json]:
    """The property value to send for a normalised value (see ``normalise``)."""
    kind = remote_type or spec.type
    if kind in ("title", "rich_text"):
        return {kind: [{"type": "text", "text": {"content": piece}} for piece in split_text(value)]}
    if kind in ("select", "status"):
        return {kind: None if value is None else {"name": value}}
    if kind == "multi_select":
        return {kind: [{"name": name} for name in value]}
    if kind in ("people", "relation"):
        return {kind: [{"id": entry} for entry in value]}
    if kind == "files":
        return {
            kind: [{"name": entry["name"], "type": "external", "external": {"url": entry["url"]}} for entry in value]
        }
    if kind == "date":
        if value is None:
            return {kind: None}
        start, _slash, end = value.partition("/")
        return {kind: {"start": start, "end": end or None}}
    return {kind: value}


def normalise(spec: PropertySpec, value: Json) -> Json:
    """The form in which a wish is kept and compared: JSON values only, as ``decode`` would give them back.

    Long texts are shortened with a mark. Raises ``WrongValue``.
    """
    if not spec.writable:
        raise WrongValue("Notion computes this column; it cannot be written")
    return _NORMALISE[spec.type](spec, value)


def _wish_text(_spec: PropertySpec, value: Json) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise WrongValue("text is needed")
    return shorten(clean(value))


def _wish_number(_spec: PropertySpec, value: Json) -> Json:
    if isinstance(value, Decimal):
        value = float(value) if value % 1 else int(value)
    try:
        return number(value)
    except TypeError:
        raise WrongValue("a finite number is needed") from None


def _wish_bool(_spec: PropertySpec, value: Json) -> bool:
    if not isinstance(value, bool):
        raise WrongValue("true or false is needed")
    return value


def _wish_short(spec: PropertySpec, value: Json) -> str | None:
    if value in (None, ""):
        return None
    if not isinstance(value, str) or utf16(value) > SHORT[spec.type]:
        raise WrongValue(f"text of at most {SHORT[spec.type]} characters is needed")
    return clean(value)


def _wish_option(spec: PropertySpec, value: Json) -> str | None:
    if value in (None, ""):
        return None
    if not isinstance(value, str) or "," in value or utf16(value) > OPTION:
        raise WrongValue(f"an option is a text of at most {OPTION} characters without commas")
    if spec.options and value not in spec.options:
        raise WrongValue(f"{value!r} is not one of the options: {', '.join(spec.options)}")
    return clean(value)


def _wish_options(spec: PropertySpec, value: Json) -> list[str]:
    if not isinstance(value, list | tuple) or len(value) > LIST:
        raise WrongValue(f"a list of at most {LIST} options is needed")
    return list(dict.fromkeys(name for entry in value if (name := _wish_option(spec, entry))))


def _wish_ids(_spec: PropertySpec, value: Json) -> list[str]:
    if not isinstance(value, list | tuple) or len(value) > LIST or not all(isinstance(entry, str) for entry in value):
        raise WrongValue(f"a list of at most {LIST} ids is needed")
    return list(value)


def _wish_files(_spec: PropertySpec, value: Json) -> list[dict[str, str]]:
    if not isinstance(value, list | tuple) or len(value) > LIST:
        raise WrongValue(f"a list of at most {LIST} files is needed")
    try:
        return [{"name": clean(str(entry["name"]))[:OPTION], "url": str(entry["url"])} for entry in value]
    except (KeyError, TypeError):
        raise WrongValue("each file needs a name and a url") from None


def _wish_date(_spec: PropertySpec, value: Json) -> str | None:
    if value in (None, ""):
        return None
    if isinstance(value, datetime | date):
        return stamp(value.isoformat())
    if not isinstance(value, str):
        raise WrongValue("a date or time is needed")
    try:
        return "/".join(stamp(part) for part in value.split("/", maxsplit=1))
    except ValueError:
        raise WrongValue("an ISO 8601 date or time is needed, such as 2026-11-21") from None


_NORMALISE: dict[str, Callable[[PropertySpec, Json], Json]] = {
    "title": _wish_text, "rich_text": _wish_text, "number": _wish_number, "checkbox": _wish_bool, "url": _wish_short,
    "email": _wish_short, "phone_number": _wish_short, "select": _wish_option, "status": _wish_option,
    "multi_select": _wish_options, "people": _wish_ids, "relation": _wish_ids, "files": _wish_files, "date": _wish_date,
}  # fmt: skip
