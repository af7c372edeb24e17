"""Text expressions: ``{"$expr": "inputs.total > 100 and steps.triage.output.label == 'urgent'"}``.

A small language with Python's spelling and none of its reach: the text is parsed to a tree, and only the kinds of nodes listed here
are understood. A dot looks a key up in plain data and never an attribute of an object; there are no methods, imports, assignments,
lambdas or format strings. Every evaluation has a budget of steps and of characters and items it may make or look at, counted
before the work is done, so that the worst expression ends within a bounded time and memory. There is no clock and no chance in it:
the same scope gives the same value, which recorded runs rely on.
"""

import ast
import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from apps.workflows.core.expression_functions import FUNCTIONS, LAZY, Meter, calculate, compare
from apps.workflows.core.paths import ROOTS, Json, Missing, Scope, ValueProblem

MAX_SOURCE = 2_000
MAX_NODES = 400
MAX_DEPTH = 40
CONSTANTS: Mapping[str, Json] = {"true": True, "false": False, "null": None}
Code = Callable[[dict[str, Any], Meter], Json]


class Expression:
    """A compiled expression. ``references`` are the paths it reads, as far as they are spelled out."""

    __slots__ = ("_code", "references", "source")

    def __init__(self, source: str, code: Code, references: tuple[tuple[str, ...], ...]) -> None:
        self.source, self._code, self.references = source, code, references

    def __call__(self, scope: Scope) -> Json:
        """The value in a scope, plain JSON. Raises ``ValueProblem`` (``expression_failed``, ``expression_budget``), ``Missing``."""
        meter = Meter()
        value = self._code(dict(scope), meter)
        meter.look(value)
        return value


@lru_cache(maxsize=2_000)
def compile_expression(source: str) -> Expression:
    """Parse and check an expression. Raises ``ValueProblem`` (``bad_expression``) saying what is not understood."""
    if not isinstance(source, str) or not source.strip() or len(source) > MAX_SOURCE:
        raise _refused(f"write 1 to {MAX_SOURCE} characters")
    tree = _parse(source.strip())
    if sum(1 for _node in ast.walk(tree)) > MAX_NODES:
        raise _refused("it is too long; split it over several steps")
    compiler = _Compiler()
    code = compiler.compile(tree.body, frozenset(), 0)
    return Expression(source, code, tuple(dict.fromkeys(compiler.references)))


def _refused(why: str) -> ValueProblem:
    return ValueProblem("bad_expression", f"This expression cannot be used: {why}.")


def _parse(source: str) -> ast.Expression:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source, mode="eval")
    except SyntaxError as error:
        raise _refused(f"{error.msg} near character {error.offset or 1}") from None
    except (ValueError, MemoryError, RecursionError):
        raise _refused("it is nested too deeply or holds characters that have no meaning") from None


class _Compiler:
    """Turns a tree into nested functions; whatever is not named here is refused."""

    def __init__(self) -> None:
        self.references: list[tuple[str, ...]] = []

    def compile(self, node: ast.AST, names: frozenset[str], depth: int) -> Code:
        if depth > MAX_DEPTH:
            raise _refused("it is nested too deeply")
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method is None:
            raise _refused(f"{_spoken(node)} is not part of the language")
        code: Code = method(node, names, depth + 1)

        def counted(env: dict[str, Any], meter: Meter) -> Json:
            meter.tick()
            return code(env, meter)

        return counted

    def _constant(self, node: ast.Constant, _names: frozenset[str], _depth: int) -> Code:
        value = node.value
        if not (value is None or isinstance(value, bool | str | int | float)):
            raise _refused(f"{_spoken(node)} of this kind is not part of the language")
        if type(value) in (int, float):
            try:
                calculate(ast.UAdd, value, 0)
            except ValueProblem as error:
                raise _refused(f"{value!r:.20} is no number to count with ({error})") from None
        return lambda env, meter: value

    def _name(self, node: ast.Name, names: frozenset[str], _depth: int) -> Code:
        name = node.id
        if name in CONSTANTS and name not in names:
            return lambda env, meter: CONSTANTS[name]
        if name not in names:
            if name not in ROOTS:
                raise _refused(f"{name!r} is unknown; begin with {', '.join(ROOTS)}")
            self.references.append((name,))
        return lambda env, meter: env[name]

    def _attribute(self, node: ast.Attribute, names: frozenset[str], depth: int) -> Code:
        self._note(node, names)
        inner, key = self.compile(node.value, names, depth), node.attr
        return lambda env, meter: _item(inner(env, meter), key)

    def _subscript(self, node: ast.Subscript, names: frozenset[str], depth: int) -> Code:
        self._note(node, names)
        inner = self.compile(node.value, names, depth)
        if isinstance(node.slice, ast.Slice):
            return self._slice(inner, node.slice, names, depth)
        key = self.compile(node.slice, names, depth)
        return lambda env, meter: _item(inner(env, meter), key(env, meter))

    def _slice(self, inner: Code, part: ast.Slice, names: frozenset[str], depth: int) -> Code:
        if part.step is not None:
            raise _refused("a slice with a step is not part of the language")
        ends = [self.compile(end, names, depth) if end else None for end in (part.lower, part.upper)]

        def cut(env: dict[str, Any], meter: Meter) -> Json:
            value = inner(env, meter)
            low, high = [None if end is None else end(env, meter) for end in ends]
            if not isinstance(value, str | list | tuple) or not all(
                type(at) in (int, type(None)) for at in (low, high)
            ):
                raise ValueProblem("expression_failed", "Only a text or a list can be cut, at whole numbers.")
            meter.grow(len(value))
            return value[low:high]

        return cut

    def _boolop(self, node: ast.BoolOp, names: frozenset[str], depth: int) -> Code:
        parts = [self.compile(value, names, depth) for value in node.values]
        stops = isinstance(node.op, ast.Or)

        def decide(env: dict[str, Any], meter: Meter) -> Json:
            value: Json = None
            for part in parts:
                value = part(env, meter)
                if bool(value) is stops:
                    break
            return value

        return decide

    def _unaryop(self, node: ast.UnaryOp, names: frozenset[str], depth: int) -> Code:
        inner = self.compile(node.operand, names, depth)
        if isinstance(node.op, ast.Not):
            return lambda env, meter: not inner(env, meter)
        kind = ast.Sub if isinstance(node.op, ast.USub) else ast.Add
        if isinstance(node.op, ast.Invert):
            raise _refused("~ is not part of the language")
        return lambda env, meter: calculate(kind, 0, inner(env, meter))

    def _binop(self, node: ast.BinOp, names: frozenset[str], depth: int) -> Code:
        left, right, kind = self.compile(node.left, names, depth), self.compile(node.right, names, depth), type(node.op)
        if kind not in (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod):
            raise _refused(f"{_spoken(node.op)} is not part of the language")

        def work(env: dict[str, Any], meter: Meter) -> Json:
            one, two = left(env, meter), right(env, meter)
            if kind is ast.Add and (_both(one, two, str) or _both(one, two, list)):
                meter.grow(len(one) + len(two))
                return one + two
            return calculate(kind, one, two)

        return work

    def _compare(self, node: ast.Compare, names: frozenset[str], depth: int) -> Code:
        if any(isinstance(op, ast.Is | ast.IsNot) for op in node.ops):
            raise _refused("compare with == and !=")
        first = self.compile(node.left, names, depth)
        rest = [
            (type(op), self.compile(side, names, depth)) for op, side in zip(node.ops, node.comparators, strict=True)
        ]

        def check(env: dict[str, Any], meter: Meter) -> Json:
            left = first(env, meter)
            for kind, side in rest:
                right = side(env, meter)
                if not compare(kind, left, right, meter):
                    return False
                left = right
            return True

        return check

    def _ifexp(self, node: ast.IfExp, names: frozenset[str], depth: int) -> Code:
        test, yes, no = (self.compile(part, names, depth) for part in (node.test, node.body, node.orelse))
        return lambda env, meter: yes(env, meter) if test(env, meter) else no(env, meter)

    def _list(self, node: ast.List, names: frozenset[str], depth: int) -> Code:
        items = [self.compile(item, names, depth) for item in node.elts]
        return lambda env, meter: [item(env, meter) for item in items]

    def _dict(self, node: ast.Dict, names: frozenset[str], depth: int) -> Code:
        if not all(isinstance(key, ast.Constant) and isinstance(key.value, str) for key in node.keys):
            raise _refused("the keys of an object are texts in quotes")
        keys = [key.value for key in node.keys if isinstance(key, ast.Constant)]
        pairs = list(zip(keys, [self.compile(value, names, depth) for value in node.values], strict=True))
        return lambda env, meter: {key: value(env, meter) for key, value in pairs}

    def _listcomp(self, node: ast.ListComp | ast.GeneratorExp, names: frozenset[str], depth: int) -> Code:
        if len(node.generators) != 1 or not isinstance(node.generators[0].target, ast.Name):
            raise _refused("a list is made with one 'for name in list'")
        loop = node.generators[0]
        name = loop.target.id  # type: ignore[attr-defined]
        if name in ROOTS or name in CONSTANTS:
            raise _refused(f"{name!r} has a meaning already; choose another name")
        source = self.compile(loop.iter, names, depth)
        inside = names | {name}
        tests = [self.compile(test, inside, depth) for test in loop.ifs]
        value = self.compile(node.elt, inside, depth)

        def collect(env: dict[str, Any], meter: Meter) -> Json:
            items = source(env, meter)
            if not isinstance(items, list | tuple):
                raise ValueProblem("expression_failed", "'for' needs a list.")
            found = []
            env = dict(env)
            for item in items:
                meter.tick()
                env[name] = item
                if all(test(env, meter) for test in tests):
                    meter.grow(1)
                    found.append(value(env, meter))
            return found

        return collect

    _generatorexp = _listcomp

    def _call(self, node: ast.Call, names: frozenset[str], depth: int) -> Code:
        if not isinstance(node.func, ast.Name) or node.keywords or any(isinstance(a, ast.Starred) for a in node.args):
            raise _refused("functions are called by name with plain arguments")
        name = node.func.id
        parts = [self.compile(part, names, depth) for part in node.args]
        if name in LAZY:
            return _lazy(name, parts)
        if name not in FUNCTIONS:
            raise _refused(f"there is no function {name!r}; there are {', '.join(sorted({*FUNCTIONS, *LAZY}))}")
        function, least, most = FUNCTIONS[name]
        if not least <= len(parts) <= most:
            raise _refused(f"{name} takes {least}{f' to {most}' if most != least else ''} arguments")
        return lambda env, meter: function(meter, *[part(env, meter) for part in parts])

    def _note(self, node: ast.AST, names: frozenset[str]) -> None:
        """Remember the longest spelled-out path; the shorter ones inside it follow when their own nodes are compiled."""
        parts: list[str] = []
        while True:
            if isinstance(node, ast.Attribute):
                parts.append(node.attr)
                node = node.value
            elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
                parts.append(str(node.slice.value))
                node = node.value
            elif isinstance(node, ast.Subscript):
                parts.clear()
                node = node.value
            else:
                break
        if isinstance(node, ast.Name) and node.id in ROOTS and node.id not in names:
            self.references.append((node.id, *reversed(parts)))


def _lazy(name: str, parts: list[Code]) -> Code:
    if len(parts) != LAZY[name]:
        raise _refused(f"{name} takes {LAZY[name]} argument{'s' if LAZY[name] > 1 else ''}")

    def found(env: dict[str, Any], meter: Meter) -> Json:
        try:
            value = parts[0](env, meter)
        except Missing:
            value = None
        if name == "exists":
            return value is not None
        return parts[1](env, meter) if value is None else value

    return found


def _both(one: Json, two: Json, kind: type) -> bool:
    return isinstance(one, kind) and isinstance(two, kind)


def _item(value: Json, key: Json) -> Json:
    if isinstance(value, Mapping) and isinstance(key, str):
        if key in value:
            return value[key]
    elif isinstance(value, list | tuple | str) and type(key) is int and -len(value) <= key < len(value):
        return value[key]
    raise Missing(str(key)[:80])


def _spoken(node: ast.AST) -> str:
    return f"{type(node).__name__!r}"


def longest(references: Iterator[tuple[str, ...]] | tuple[tuple[str, ...], ...]) -> list[tuple[str, ...]]:
    """Paths that are not the beginning of another one: ``inputs.a.b`` says all that ``inputs.a`` does."""
    known = list(dict.fromkeys(references))
    return [path for path in known if not any(other != path and other[: len(path)] == path for other in known)]
