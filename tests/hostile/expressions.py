"""``python -m tests.hostile.expressions``: goal S1, expressions. Known escapes and 20,000 generated ones in every place one may stand.

An escape is what the interpreter itself reports while an expression is read or evaluated (PEP 578: a file, a process, a socket, an
import, code run, an object looked into), a result that is not plain JSON, or a planted secret in a result or a message.
"""

import argparse
import gc
import json
import random
import sys
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from tests.bench.report import Target, record

SEED = 20_261_122
CANARY = "canary-5f1d-never-shown"
ALLOWED_EVENTS = frozenset(
    {"compile", "object.__setattr__"}
)  # reading a text to a tree is reported as "compile", running it as "exec"
MORE_ESCAPES = (
    "inputs.__init__.__globals__", "inputs['__class__'].__mro__[1].__subclasses__()", "steps.__class__.__base__", "''.__class__",
    "[].__class__.__base__.__subclasses__()[0]", "(1).real", "(1).__class__", "1.0.as_integer_ratio()", "inputs.keys()", "inputs.items()",
    "inputs.get('x')", "inputs.pop('name')", "inputs.name.encode()", "inputs.name.__format__('')", "inputs.name % inputs", "'%s' % inputs.name",
    "'{}'.format(inputs)", "'{0.__class__.__init__.__globals__}'.format(inputs)", "f'{inputs.name!r:>{1000000}}'", "f'{__import__(\"os\")}'",
    "text.__globals__['__builtins__']", "len.__module__", "sorted(inputs.list, key=len)", "max(inputs.list, key=lambda x: x)", "map(len, inputs)",
    "filter(None, inputs.list)", "type(inputs)", "type('X', (), {})", "super()", "vars()", "dir()", "locals()", "id(1)", "hash(1)", "input()",
    "print(1)", "breakpoint()", "compile('1', '', 'eval')", "help()", "memoryview(b'')", "bytearray(9)", "object()", "property()", "classmethod(1)",
    "(x := 5)", "[x for x in inputs.list if (y := x)]", "[*inputs.list]", "{'a': 1, **inputs}", "inputs[...]", "inputs[::2]", "inputs.list[::-1]",
    "lambda: inputs", "(yield)", "(await x)", "async_", "not_a_root.x", "env.X", "os.environ", "sys.modules", "self", "cls", "__builtins__",
    "__name__", "__debug__", "__import__", "_", "NotImplemented", "Ellipsis", "exit()", "quit()", "True.__class__", "None.__class__",
    "inputs.name.__class__.__base__.__subclasses__", "constructor.constructor('return process')()", "this.constructor", "process.env",
    "{{7*7}}", "${7*7}", "#{7*7}", "<%= 7*7 %>", "{% debug %}", "{{ config }}", "{{ request.environ }}", "{{''.__class__}}", "${{<%[%'\"}}%\\",
    "$(id)", "`id`", "%(name)s", "{0}", "{name.__class__}", "=cmd|'/C calc'!A0", "@@version", "' or '1'='1", "1; DROP TABLE x", "../../etc/passwd",
    "\u2160", "in\u200bputs.name", "inputs\u3002name", "\uff49nputs.name", "\u00b2", "inputs.list[\u00b2]", "'\\ud800'", "'\\x00'", "'\\N{BULLET}'",
    "inputs.ｎame", "𝗂𝗇𝗉𝗎𝗍𝗌.name", "inputs.__𝖼𝗅𝖺𝗌𝗌__", "𝑙𝑒𝑛(inputs.list)", "𝘦𝘷𝘢𝘭('1')",
)  # fmt: skip
ATOMS = ("inputs.n", "inputs.name", "inputs.list", "inputs.many", "inputs.big", "inputs.rows", "inputs", "steps", "run.id", "loop.item", "1", "0", "-1",
         "1e300", "999999999999999999", "''", "'a'", "true", "null", "[]", "{}", "x", "__class__", "'\\ud800'", "'\\x00'", "0.1")  # fmt: skip
OPERATORS = (
    "+",
    "-",
    "*",
    "/",
    "//",
    "%",
    "**",
    "<<",
    "|",
    "&",
    "^",
    "@",
    "and",
    "or",
    "==",
    "!=",
    "<",
    ">=",
    "in",
    "not in",
    "is",
    ":=",
    "if",
)
CALLS = ("len", "text", "sum", "sorted", "join", "split", "replace", "upper", "number", "keys", "values", "default", "exists", "round", "max", "contains",
         "eval", "getattr", "open", "type", "str.format", "__import__")  # fmt: skip


def scope() -> dict[str, Any]:
    """What a run's expressions see: texts among it that look like expressions themselves."""
    return {
        "inputs": {"n": 3, "name": "Ada", "list": [1, 2, 3], "many": list(range(5000)), "big": "x" * 100_000, "rows": [{"p": 5}],
                   "trap": {"$expr": "1 + 1"}, "braces": "{{inputs.n}} {{run.id}}", "ref": {"$ref": "inputs.n"}},
        "steps": {"a": {"output": {"v": [1, 2], "text": "{{inputs.n}}"}, "error": None, "visits": 1}},
        "run": {"id": "r"},
        "loop": {"item": {"a": 1}, "index": 0},
    }  # fmt: skip


def generated(count: int, *, seed: int) -> Iterator[str]:
    """Texts made of the language's own parts, put together wrongly more often than not."""
    dice = random.Random(seed)

    def make(depth: int) -> str:
        if depth <= 0 or dice.random() < 0.2:
            return dice.choice(ATOMS)
        one, two = make(depth - 1), make(depth - 2)
        return dice.choice([
            f"({one} {dice.choice(OPERATORS)} {two})", f"{dice.choice(CALLS)}({one})", f"{dice.choice(CALLS)}({one}, {two})", f"[{one}, {two}]",
            f"[{one} for x in {two}]", f"[x for x in {one} if {two}]", f"{one}[{two}]", f"{one}.{dice.choice(('a', 'p', '__class__', 'format'))}",
            f"({one} if {two} else {one})", f"{{'k': {one}}}", f"not {one}", f"-{one}", f"{one}[{two}:]", f"sum({one} for x in {two})",
        ])  # fmt: skip

    for _number in range(count):
        text = make(dice.randint(1, 6))
        if dice.random() < 0.15:
            at = dice.randrange(len(text))
            text = text[:at] + dice.choice("\x00\n\t;'\"\\`{}()[]é\u202e\U0001f600") + text[at + dice.randint(0, 2) :]
        yield text[:2000]


def places() -> dict[str, Callable[[str], tuple[dict[str, Any], Callable[[Any], Any]]]]:
    """Where an expression may stand: the definition that holds it, and how the engine gets at its value."""

    def of(body: Callable[[dict[str, str]], dict[str, Any]], read: Callable[[Any], Any], **more: Any) -> Any:
        def build(source: str) -> tuple[dict[str, Any], Callable[[Any], Any]]:
            expression = {"$expr": source}
            top = {name: make(expression) for name, make in more.items()}
            steps = {"a": {"type": "set", "with": {"value": 1}, "next": "b"}, **body(expression)}
            return {"schema": 1, "start": "a", "steps": steps, **top}, read

        return build

    plain = {"b": {"type": "set", "with": {"value": 1}}}
    loop = {"c": {"type": "set", "with": {"value": 1}}}
    return {
        "setting": of(lambda e: {"b": {"type": "set", "with": {"value": e}}}, lambda d: d.steps["b"].config),
        "setting, deep": of(lambda e: {"b": {"type": "set", "with": {"value": [{"k": [e]}]}}}, lambda d: d.steps["b"].config),
        "way of a switch": of(lambda e: {"b": {"type": "switch", "cases": [{"when": e}]}}, lambda d: d.steps["b"].cases[0].when),
        "condition": of(lambda e: {"b": {"type": "condition", "when": e}}, lambda d: d.steps["b"].cases[0].when),
        "side of a condition": of(lambda e: {"b": {"type": "condition", "when": {"op": "not", "of": {"op": "eq", "left": e, "right": 1}}}},
                                  lambda d: d.steps["b"].cases[0].when),
        "items of a loop": of(lambda e: {"b": {"type": "loop", "items": e, "body": "c"}, **loop}, lambda d: d.steps["b"].items),
        "what a loop keeps": of(lambda e: {"b": {"type": "loop", "items": [1], "body": "c", "collect": e}, **loop}, lambda d: d.steps["b"].collect),
        "output": of(lambda e: plain, lambda d: d.output, output=lambda e: e),
        "inputs of another workflow": of(lambda e: {"b": {"type": "workflow.run", "with": {"workflow": "w", "inputs": {"x": e}}}},
                                         lambda d: d.steps["b"].config),
    }  # fmt: skip


def dead_places(source: str) -> dict[str, Any]:
    """A definition full of expressions where none is read: titles, notes, defaults, schemas. They must stay what they are."""
    return {
        "schema": 1, "start": "a", "notes": source[:4000], "inputs": {"type": "object", "properties": {"x": {"default": {"$expr": source}}}},
        "steps": {"a": {"type": "set", "title": source[:160], "note": source[:2000],
                        "with": {"value": {"$ref": "inputs.missing", "default": {"$expr": source}}}}},
    }  # fmt: skip


class Watch:
    """What the interpreter reports while an expression is looked at."""

    def __init__(self) -> None:
        self.on, self.events = False, Counter[str]()
        sys.addaudithook(self._hook)

    def _hook(self, event: str, _arguments: tuple[Any, ...]) -> None:
        if self.on and event not in ALLOWED_EVENTS:
            self.events[event] += 1


def measure(*, count: int, seed: int = SEED) -> tuple[dict[str, Any], list[str]]:
    """Figures, and what is wrong in words."""
    from apps.workflows.core.values import ValueProblem
    from tests.workflows.test_expressions import BOMBS, ESCAPES

    known = [*ESCAPES, *MORE_ESCAPES, *BOMBS]
    everywhere = places()
    watch, sums, problems, slowest = Watch(), Counter[str](), [], 0.0
    began = time.monotonic()
    cases = [(name, text) for text in known for name in everywhere]
    names = list(everywhere)
    cases += [(names[number % len(names)], text) for number, text in enumerate(generated(count, seed=seed))]
    # What is imported once is imported before the watch; and every place evaluates what is right.
    dead = [name for name, build in everywhere.items() if _try(build, "[1] == [1]", ValueProblem, watch)[0] != "valued"]
    problems += [f"{name}: a good expression is refused here" for name in dead]
    watch.events.clear()
    gc.freeze()  # the garbage of the start is not the expressions' work
    for name, text in cases:
        started = time.process_time()
        how, value = _try(everywhere[name], text, ValueProblem, watch)
        slowest = max(slowest, time.process_time() - started)
        sums[how] += 1
        if how == "crashed" or CANARY in repr(value) or (how == "valued" and not _is_plain(value)):
            sums["wrong"] += 1
            problems.append(f"{name}: {text[:100]!r} -> {how} {value!r}"[:300])
    alive = sum(_comes_alive(text) for text in known)
    peak = max(_peak(everywhere["setting"], text, ValueProblem, watch) for text in BOMBS)
    problems += [f"the interpreter reported {event} {times} times" for event, times in watch.events.items()]
    figures = {
        "known": len(known), "places": len(everywhere), "dead_places": len(dead), "evaluations": len(cases), "refused": sums["refused"], "failed": sums["failed"],
        "valued": sums["valued"], "escapes": sum(watch.events.values()), "wrong_results": sums["wrong"], "evaluated_twice": alive,
        "slowest_cpu_ms": round(slowest * 1000, 1), "peak_mb": round(peak / 2**20, 1), "seconds": round(time.monotonic() - began, 1),
    }  # fmt: skip
    return figures, problems[:30]


@cache
def known_steps() -> tuple[Any, Any]:
    """Validators and facts of the step types."""
    from apps.workflows.catalogue import config_validators, step_facts

    return config_validators(), step_facts()


def _try(build: Any, text: str, expected: type[Exception], watch: Watch) -> tuple[str, Any]:
    """Validate, parse and evaluate as publishing and the engine do."""
    from apps.workflows.core import definition as definitions
    from apps.workflows.core.problems import errors
    from apps.workflows.core.validate import validate

    raw, read = build(text)
    types, facts = known_steps()
    watch.on = True
    try:
        if errors(validate(raw, types=types, facts=facts)):
            return "refused", None
        return "valued", read(definitions.parse(raw))(scope())
    except expected as error:
        return "failed", str(error)
    except Exception as error:
        return "crashed", f"{type(error).__name__}: {error}"
    finally:
        watch.on = False


def _peak(build: Any, text: str, expected: type[Exception], watch: Watch) -> int:
    tracemalloc.start()
    try:
        _try(build, text, expected, watch)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _is_plain(value: Any) -> bool:
    """JSON, and nothing a database of texts refuses."""
    try:
        return json.loads(json.dumps(value, allow_nan=False)) is not NotImplemented
    except (TypeError, ValueError, RecursionError):
        return False


def _comes_alive(text: str) -> bool:
    """Whether an expression wakes up where none is read, or in data that only looks like one."""
    from apps.workflows.core import definition as definitions
    from apps.workflows.core.values import compile_value
    from apps.workflows.triggers import filling

    data = {"inputs": {"x": {"$expr": text}, "t": f"{{{{{text}}}}}"}, "steps": {}, "run": {}, "loop": {}}
    got = compile_value({"a": {"$ref": "inputs.x"}, "b": {"$text": "{{inputs.t}}"}})(data)
    brought = filling.fill(
        {"a": {"$ref": "trigger.x"}, "b": {"$text": "{{trigger.t}}"}}, {"x": {"$expr": text}, "t": f"{{{{{text}}}}}"}
    )
    kept = definitions.parse(dead_places(text)).steps["a"].config({"inputs": {}})["value"]
    expected = {"a": {"$expr": text}, "b": f"{{{{{text}}}}}"}
    return got != expected or brought != expected or kept != {"$expr": text}


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--to", default="", help="Folder for the record instead of docs/measurements.")
    options = parser.parse_args()
    import os

    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "echopilot.settings.test",
        "ECHOPILOT_ENV_FILES": "none",
        "ALLOW_DIRTY": "true",
    }
    import django

    django.setup()
    figures, problems = measure(count=1_000 if options.short else 20_000)
    for line in problems:
        sys.stdout.write(f"  {line}\n")
    more = {"folder": Path(options.to)} if options.to else {}
    return 0 if record(goal="S1-expressions", figures=figures, targets=TARGETS, **more) else 1


TARGETS = {"known": Target(at_least=150), "dead_places": Target(at_most=0), "escapes": Target(at_most=0), "wrong_results": Target(at_most=0), "evaluated_twice": Target(at_most=0),
           "slowest_cpu_ms": Target(at_most=500), "peak_mb": Target(at_most=32)}  # fmt: skip

if __name__ == "__main__":
    sys.exit(main())
