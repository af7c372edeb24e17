"""History turned back to the moment a step began, for retries and replays from the middle."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from apps.workflows.core.definition import Definition
from apps.workflows.core.values import Json


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One line of a run's recorded history."""

    seq: int
    path: str
    step: str
    attempt: int
    state: str
    output: Json
    error: Mapping[str, str] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Rewound:
    """Visits and results as they stood, and how many attempts each path has in history."""

    visits: Mapping[str, int]
    results: Mapping[str, Mapping[str, Json]]
    attempts: Mapping[str, int]


def attempts_of(history: Iterable[Line]) -> dict[str, int]:
    """Highest attempt recorded per path."""
    attempts: dict[str, int] = {}
    for line in history:
        attempts[line.path] = max(attempts.get(line.path, 0), line.attempt)
    return attempts


def rewind(history: Iterable[Line], step: str) -> Rewound | None:
    """The state before the latest visit of ``step``; None when it never ran. That visit is made again under its own path."""
    lines = sorted(history, key=lambda line: line.seq)
    visits_of_step = [line for line in lines if line.step == step]
    if not visits_of_step:
        return None
    last_path = visits_of_step[-1].path
    begin = min(line.seq for line in visits_of_step if line.path == last_path)
    paths: dict[str, set[str]] = {}
    results: dict[str, dict[str, Json]] = {}
    for line in lines:
        if line.seq >= begin:
            break
        paths.setdefault(line.step, set()).add(line.path)
        if line.state == "succeeded":
            results[line.step] = {"output": line.output, "visits": len(paths[line.step])}
        elif line.state == "failed" and line.error:
            results[line.step] = {"error": dict(line.error), "visits": len(paths[line.step])}
    return Rewound(
        visits={name: len(seen) for name, seen in paths.items()}, results=results, attempts=attempts_of(lines)
    )


def enclosing(definition: Definition, step: str) -> str:
    """The outermost parallel step or loop that ``step`` lies in, empty for none: a rewind has no single place to go on inside one,
    while beginning at that outermost step does all of it again."""
    around = [name for name in definition.steps if step in _inside(definition, name)]
    return next((name for name in around if not any(name in _inside(definition, other) for other in around)), "")


def inside_parallel(definition: Definition, step: str) -> bool:
    """Whether a step lies between a parallel step and its join, or in a loop."""
    return bool(enclosing(definition, step))


def _inside(definition: Definition, outer: str) -> set[str]:
    """Steps between a parallel step and its join, or in the body of a loop; of any other step none."""
    parallel = definition.steps[outer]
    if parallel.type != "parallel":
        return set(parallel.region)
    seen, todo = set(parallel.branches), list(parallel.branches)
    while todo:
        node = definition.steps[todo.pop()]
        if node.id == parallel.join:
            continue
        targets = (
            node.next,
            node.on_error,
            node.on_timeout,
            node.default,
            node.join,
            node.body,
            *(case.next for case in node.cases),
            *node.branches,
        )
        for target in targets:
            if target and target not in seen and target != parallel.join:
                seen.add(target)
                todo.append(target)
    return (seen | set(parallel.region)) - {parallel.join}
