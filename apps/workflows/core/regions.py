"""Which steps belong together: what can be reached from where, and what lies inside a loop. Reads raw definitions."""

from collections.abc import Iterable, Iterator, Mapping

from apps.workflows.core.paths import Json

Steps = Mapping[str, Mapping[str, Json]]


def edges(body: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """(place, target) of every edge that leaves a raw step."""
    for name in ("next", "on_error", "on_timeout", "default", "join", "then", "else", "body"):
        if body.get(name):
            yield name, body[name]
    for index, case in enumerate(body.get("cases", ())):
        if isinstance(case, Mapping) and case.get("next"):
            yield f"cases.{index}.next", case["next"]
    for index, target in enumerate(body.get("branches", ())):
        yield f"branches.{index}", target


def reachable(steps: Steps, start: str, *, without: str = "") -> set[str]:
    """Ids of all steps that can run once ``start`` has begun, itself included; never through the body of the loop ``without``."""
    return _walk(steps, [start], without)


def _walk(steps: Steps, starts: Iterable[str], without: str = "") -> set[str]:
    todo = [start for start in starts if start in steps]
    seen = set(todo)
    while todo:
        name = todo.pop()
        for place, target in edges(steps[name]):
            if name == without and place == "body":
                continue
            if target in steps and target not in seen:
                seen.add(target)
                todo.append(target)
    return seen


def body_of(steps: Steps, loop_id: str) -> set[str]:
    """Ids of the steps that run for each item of a loop; empty for any other step."""
    body = steps.get(loop_id, {})
    return _walk(steps, [body["body"]]) if body.get("type") == "loop" and body.get("body") else set()


def outside_of(steps: Steps, start: str, loop_id: str) -> set[str]:
    """Ids of the steps that can be reached without going through the loop's body."""
    return reachable(steps, start, without=loop_id)


def loop_bodies(steps: Steps) -> dict[str, set[str]]:
    """The body of every loop, by the loop's id."""
    return {name: body_of(steps, name) for name, body in steps.items() if body.get("type") == "loop"}
