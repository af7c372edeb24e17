"""Query filters and sorts over rows."""

from collections.abc import Callable
from typing import Any

from tests.servers.notion.clock import parse
from tests.servers.notion.problems import invalid, validation
from tests.servers.notion.rich_text import plain
from tests.servers.notion.store import Record, Store

Json = Any
Test = Callable[[Record], bool]
TEXT = {"title", "rich_text", "url", "email", "phone_number"}
STAMPS = ("created_time", "last_edited_time")
NESTING = 2


def compile_filter(store: Store, source: Record, sent: Json, *, depth: int = 0) -> Test:
    """A test for one row. Raises Problem for unknown properties, types and operators."""
    if sent is None:
        return lambda _page: True
    if not isinstance(sent, dict):
        raise invalid("body.filter should be an object.")
    for word, combine in (("and", all), ("or", any)):
        if word in sent:
            if depth >= NESTING:
                raise invalid(f"body.filter.{word} is nested too deeply.")
            tests = [compile_filter(store, source, part, depth=depth + 1) for part in sent[word]]
            return lambda page, tests=tests, combine=combine: combine(test(page) for test in tests)
    if "timestamp" in sent:
        stamp = sent["timestamp"]
        if stamp not in STAMPS or not isinstance(sent.get(stamp), dict):
            raise invalid("body.filter.timestamp should be `created_time` or `last_edited_time` with a condition.")
        test = _dates(sent[stamp])
        return lambda page: test(page[stamp])
    return _property(store, source, sent)


def _property(store: Store, source: Record, sent: Record) -> Test:
    column = store.column(source, str(sent.get("property")))
    if column is None:
        raise validation(f"Could not find property with name or id: {sent.get('property')}")
    kind = column["type"]
    if not isinstance(sent.get(kind), dict) or not sent[kind]:
        given = [key for key in sent if key not in ("property", "type")]
        raise validation(f"database property {kind} does not match filter {', '.join(given) or 'nothing'}")
    test = _MAKE.get(kind, _existence)(sent[kind], column)

    def run(page: Record) -> bool:
        if kind in STAMPS:
            return test(page[kind])
        if kind == "unique_id":
            return test(page["number"])
        return test(page["cells"].get(column["id"]))

    return run


def _single(condition: Record) -> tuple[str, Json]:
    if len(condition) != 1:
        raise invalid("body.filter should have exactly one condition per property.")
    return next(iter(condition.items()))


def _refuse(operator: str) -> Test:
    raise invalid(f"body.filter operator `{operator}` is not valid for this property.")


def _text(condition: Record, column: Record) -> Callable[[Json], bool]:
    operator, wanted = _single(condition)
    read = plain if column["type"] in ("title", "rich_text") else str
    table: dict[str, Callable[[str], bool]] = {
        "equals": lambda text: text == wanted,
        "does_not_equal": lambda text: text != wanted,
        "contains": lambda text: wanted.casefold() in text.casefold(),
        "does_not_contain": lambda text: wanted.casefold() not in text.casefold(),
        "starts_with": lambda text: text.casefold().startswith(wanted.casefold()),
        "ends_with": lambda text: text.casefold().endswith(wanted.casefold()),
        "is_empty": lambda text: not text,
        "is_not_empty": bool,
    }
    check = table.get(operator) or _refuse(operator)
    return lambda stored: check(read(stored) if stored else "")


def _number(condition: Record, _column: Record) -> Callable[[Json], bool]:
    operator, wanted = _single(condition)
    table: dict[str, Callable[[Json], bool]] = {
        "equals": lambda number: number == wanted,
        "does_not_equal": lambda number: number != wanted,
        "greater_than": lambda number: number is not None and number > wanted,
        "less_than": lambda number: number is not None and number < wanted,
        "greater_than_or_equal_to": lambda number: number is not None and number >= wanted,
        "less_than_or_equal_to": lambda number: number is not None and number <= wanted,
        "is_empty": lambda number: number is None,
        "is_not_empty": lambda number: number is not None,
    }
    return table.get(operator) or _refuse(operator)


def _checkbox(condition: Record, _column: Record) -> Callable[[Json], bool]:
    operator, wanted = _single(condition)
    if operator not in ("equals", "does_not_equal") or not isinstance(wanted, bool):
        return _refuse(operator)
    return lambda stored: (bool(stored) == wanted) == (operator == "equals")


def _select(condition: Record, column: Record) -> Callable[[Json], bool]:
    operator, wanted = _single(condition)
    names = {option["id"]: option["name"] for option in column[column["type"]]["options"]}
    among = set(wanted) if isinstance(wanted, list) else {wanted}
    many = column["type"] == "multi_select"
    positive, negative = ("contains", "does_not_contain") if many else ("equals", "does_not_equal")

    def held(stored: Json) -> set[str]:
        return {names[key] for key in (stored if many else [stored]) or [] if key in names}

    table: dict[str, Callable[[Json], bool]] = {
        positive: lambda stored: bool(held(stored) & among),
        negative: lambda stored: not held(stored) & among,
        "is_empty": lambda stored: not held(stored),
        "is_not_empty": lambda stored: bool(held(stored)),
    }
    return table.get(operator) or _refuse(operator)


def _references(condition: Record, _column: Record) -> Callable[[Json], bool]:
    operator, wanted = _single(condition)
    table: dict[str, Callable[[Json], bool]] = {
        "contains": lambda stored: wanted in (stored or []),
        "does_not_contain": lambda stored: wanted not in (stored or []),
        "is_empty": lambda stored: not stored,
        "is_not_empty": bool,
    }
    return table.get(operator) or _refuse(operator)


def _existence(condition: Record, _column: Record) -> Callable[[Json], bool]:
    operator, _wanted = _single(condition)
    return {"is_empty": lambda stored: not stored, "is_not_empty": bool}.get(operator) or _refuse(operator)


def _date_column(condition: Record, column: Record) -> Callable[[Json], bool]:
    test = _dates(condition)
    return test if column["type"] in STAMPS else lambda stored: test(stored["start"] if stored else None)


def _dates(condition: Record) -> Callable[[str | None], bool]:
    operator, wanted = _single(condition)
    if operator in ("is_empty", "is_not_empty"):
        return lambda text: (text is None) == (operator == "is_empty")
    try:
        limit = parse(str(wanted))
    except ValueError:
        raise invalid(f"body.filter should be a valid ISO 8601 date, instead was `{wanted!r}`.") from None
    table: dict[str, Callable[[float], bool]] = {
        "equals": lambda at: at == limit,
        "before": lambda at: at < limit,
        "after": lambda at: at > limit,
        "on_or_before": lambda at: at <= limit,
        "on_or_after": lambda at: at >= limit,
    }
    check = table.get(operator) or _refuse(operator)
    return lambda text: text is not None and check(parse(text))


_MAKE: dict[str, Callable[[Record, Record], Callable[[Json], bool]]] = {
    **dict.fromkeys(TEXT, _text),
    "number": _number,
    "unique_id": _number,
    "checkbox": _checkbox,
    "select": _select,
    "status": _select,
    "multi_select": _select,
    "relation": _references,
    "people": _references,
    "date": _date_column,
    "created_time": _date_column,
    "last_edited_time": _date_column,
}


def sort_rows(store: Store, source: Record, rows: list[Record], sorts: Json) -> list[Record]:
    """Sorted as asked; by creation, newest first, when nothing is asked. Ties keep the order of ids."""
    if sorts is not None and not isinstance(sorts, list):
        raise invalid("body.sorts should be an array.")
    rows = sorted(rows, key=lambda page: page["id"])
    if not sorts:
        return sorted(rows, key=lambda page: page["created_time"], reverse=True)
    for sort in reversed(sorts):
        stamp = sort.get("timestamp")
        column = None if stamp else store.column(source, str(sort.get("property")))
        if stamp not in (*STAMPS, None) or (stamp is None and column is None):
            raise validation(f"Could not find sort property with name or id: {sort.get('property') or stamp}")
        rows.sort(
            key=lambda page, stamp=stamp, column=column: _sort_key(page, stamp, column),
            reverse=sort.get("direction") == "descending",
        )
    return rows


def _sort_key(page: Record, stamp: str | None, column: Record | None) -> tuple[int, Any]:
    if stamp:
        return (1, page[stamp])
    stored = page["cells"].get(column["id"]) if column else None
    if isinstance(stored, list):
        stored = plain(stored) if stored and isinstance(stored[0], dict) else str(stored)
    return (0, 0) if stored is None else (1, stored if not isinstance(stored, dict) else str(stored.get("start")))
