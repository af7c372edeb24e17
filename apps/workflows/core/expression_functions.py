"""What expressions can call, and the budget they spend. Every function counts its work before it does it."""

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

from apps.workflows.core.paths import Json, ValueProblem, as_text

STEPS = 20_000
CELLS = 1_000_000
MAX_NUMBER = 10**18
MAX_NESTING = 64
MAX_DIGITS = 40
KINDS: tuple[tuple[Any, str], ...] = (
    (bool, "True or false"),
    (str, "A text"),
    (int | float, "A number"),
    (list | tuple, "A list"),
    (Mapping, "An object"),
)
LAZY = {"exists": 1, "default": 2}


SCALARS = frozenset({int, float, bool, type(None)})


class Meter:
    """One evaluation's budget: ``tick`` counts steps, ``grow`` characters and items made or looked at."""

    __slots__ = ("cells", "steps")

    def __init__(self) -> None:
        self.steps, self.cells = STEPS, CELLS

    def tick(self) -> None:
        """Count a step. Raises ``ValueProblem`` (``expression_budget``) when there have been too many."""
        self.steps -= 1
        if self.steps < 0:
            raise ValueProblem("expression_budget", f"The expression needs more than {STEPS} steps; use a loop step.")

    def grow(self, size: int) -> None:
        """Count what is about to be made. Raises ``ValueProblem`` (``expression_budget``)."""
        self.cells -= size
        if self.cells < 0:
            raise ValueProblem("expression_budget", f"The expression handles more than {CELLS} characters or items.")

    def look(self, value: Json, depth: int = 0) -> None:
        """Count a value's whole size, as comparing or writing it takes."""
        self.grow(1)
        if isinstance(value, str):
            self.grow(len(value))
        elif isinstance(value, Mapping | list | tuple):
            if depth > MAX_NESTING:
                raise ValueProblem("expression_budget", f"The data is nested more than {MAX_NESTING} levels deep.")
            for key in value if isinstance(value, Mapping) else ():
                self.grow(len(key))
            items = value.values() if isinstance(value, Mapping) else value
            larger = [item for item in items if type(item) not in SCALARS]
            self.grow(len(value) - len(larger))
            for item in larger:
                self.look(item, depth + 1)


def _failed(message: str) -> ValueProblem:
    return ValueProblem("expression_failed", message)


def _number(value: Json) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _failed(f"{_kind(value)} is not a number.")
    return value


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise _failed(f"{_kind(value)} is not a text; text(...) makes one.")
    return value


def _items(value: Json) -> Any:
    if not isinstance(value, list | tuple):
        raise _failed(f"{_kind(value)} is not a list.")
    return value


def _kind(value: Json) -> str:
    return next((name for kind, name in KINDS if isinstance(value, kind)), "Nothing")


def _bounded(value: Json) -> Json:
    if isinstance(value, float) and not math.isfinite(value):
        raise _failed("The result is not a finite number.")
    if abs(value) > MAX_NUMBER and isinstance(value, int):
        raise _failed("The number is too large.")
    return value


OPERATORS: Mapping[type, Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Mod: lambda a, b: a % b,
    ast.UAdd: lambda a, b: a,
}


def calculate(kind: type, left: Json, right: Json) -> Json:
    """Arithmetic on two numbers of bounded size. Raises ``ValueProblem`` (``expression_failed``)."""
    try:
        return _bounded(OPERATORS[kind](_bounded(_number(left)), _bounded(_number(right))))
    except ZeroDivisionError:
        raise _failed("Division by zero.") from None
    except OverflowError:
        raise _failed("The number is too large.") from None


ORDER: Mapping[type, Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def _equal(left: Json, right: Json) -> bool:
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def compare(kind: type, left: Json, right: Json, meter: Meter) -> bool:
    """One comparison. Order is for two numbers or two texts; ``in`` asks a list, a text or an object's keys."""
    if kind in (ast.In, ast.NotIn):
        return _within(left, right, meter) is (kind is ast.In)
    meter.look(left)
    meter.look(right)
    if kind in (ast.Eq, ast.NotEq):
        return _equal(left, right) is (kind is ast.Eq)
    if not (isinstance(left, str) and isinstance(right, str)):
        _number(left)
        _number(right)
    return bool(ORDER[kind](left, right))


def _within(part: Json, whole: Json, meter: Meter) -> bool:
    meter.look(part)
    if isinstance(whole, str):
        meter.grow(len(whole))
        return _text(part) in whole
    if isinstance(whole, Mapping):
        return isinstance(part, str) and part in whole
    for item in _items(whole):
        meter.tick()
        meter.look(item)
        if _equal(item, part):
            return True
    return False


def _written(meter: Meter, value: Json) -> str:
    meter.look(value)
    return as_text(value)


def _to_number(meter: Meter, value: Json) -> Json:
    if isinstance(value, bool):
        return int(value)
    if not isinstance(value, str):
        return _number(value)
    text = value.strip()
    if len(text) > MAX_DIGITS:
        raise _failed("This text is too long for a number.")
    try:
        return _bounded(int(text) if text.lstrip("+-").isdecimal() else float(text))
    except ValueError:
        raise _failed(f"{text!r} is not a number.") from None


def _cased(change: Callable[[str], str]) -> Callable[..., Json]:
    def work(meter: Meter, value: Json) -> str:
        meter.grow(3 * len(_text(value)))
        return change(value)

    return work


def _replace(meter: Meter, value: Json, old: Json, new: Json) -> str:
    meter.grow(2 * len(_text(value)))
    if not _text(old):
        raise _failed("replace needs a text to look for.")
    meter.grow(value.count(old) * len(_text(new)))
    return str(value.replace(old, new))


def _split(meter: Meter, value: Json, separator: Json) -> list[str]:
    meter.grow(2 * len(_text(value)))
    if not _text(separator):
        raise _failed("split needs a separator.")
    return list(value.split(separator))


def _join(meter: Meter, items: Json, separator: Json) -> str:
    for item in _items(items):
        meter.tick()
        meter.grow(len(_text(item)) + len(_text(separator)))
    return str(separator.join(items))


def _length(meter: Meter, value: Json) -> int:
    if not isinstance(value, str | list | tuple | Mapping):
        raise _failed(f"{_kind(value)} has no length.")
    return len(value)


def _numbers(meter: Meter, items: Json) -> list[Any]:
    found = []
    for item in _items(items):
        meter.tick()
        found.append(_bounded(_number(item)))
    return found


def _pick(best: Callable[[list[Any]], Any]) -> Callable[..., Json]:
    def work(meter: Meter, *values: Json) -> Json:
        numbers = _numbers(meter, values[0] if len(values) == 1 else list(values))
        if not numbers:
            raise _failed("There is nothing to choose from.")
        return best(numbers)

    return work


def _sorted(meter: Meter, items: Json) -> list[Json]:
    values = list(_items(items))
    for value in values:
        meter.tick()
        meter.look(value)
    meter.grow(len(values) * max(1, len(values).bit_length()))
    if not all(isinstance(value, str) for value in values):
        _numbers(meter, values)
    return sorted(values)


def _test(check: Callable[[str, str], bool]) -> Callable[..., Json]:
    def work(meter: Meter, value: Json, part: Json) -> bool:
        meter.grow(len(_text(part)))
        return check(_text(value), part)

    return work


def _keys(meter: Meter, value: Json) -> list[str]:
    if not isinstance(value, Mapping):
        raise _failed(f"{_kind(value)} has no keys.")
    meter.grow(len(value))
    return list(value)


def _values(meter: Meter, value: Json) -> list[Json]:
    return [value[key] for key in _keys(meter, value)]


def _sum(meter: Meter, items: Json) -> Json:
    return _bounded(sum(_numbers(meter, items)))


def _any(meter: Meter, items: Json) -> bool:
    return any(_items(items))


def _all(meter: Meter, items: Json) -> bool:
    return all(_items(items))


def _round(meter: Meter, value: Json, digits: Json = 0) -> Json:
    if type(digits) is not int or not 0 <= digits <= 12:
        raise _failed("round keeps 0 to 12 digits.")
    return round(_bounded(_number(value)), digits) if digits else round(_bounded(_number(value)))


# name -> (function, least arguments, most arguments)
FUNCTIONS: Mapping[str, tuple[Callable[..., Json], int, int]] = {
    "abs": (lambda meter, value: abs(_number(value)), 1, 1),
    "all": (_all, 1, 1),
    "any": (_any, 1, 1),
    "contains": (lambda meter, whole, part: _within(part, whole, meter), 2, 2),
    "ends_with": (_test(str.endswith), 2, 2),
    "join": (_join, 2, 2),
    "keys": (_keys, 1, 1),
    "len": (_length, 1, 1),
    "lower": (_cased(str.lower), 1, 1),
    "max": (_pick(max), 1, 20),
    "min": (_pick(min), 1, 20),
    "number": (_to_number, 1, 1),
    "replace": (_replace, 3, 3),
    "round": (_round, 1, 2),
    "sorted": (_sorted, 1, 1),
    "split": (_split, 2, 2),
    "starts_with": (_test(str.startswith), 2, 2),
    "sum": (_sum, 1, 1),
    "text": (_written, 1, 1),
    "trim": (_cased(str.strip), 1, 1),
    "upper": (_cased(str.upper), 1, 1),
    "values": (_values, 1, 1),
}
