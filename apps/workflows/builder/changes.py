"""What differs between two JSON documents, place by place, and how to carry such differences out or take them back. Pure.

A change is ``{"path": [...], "before": value, "after": value}``; a side that has nothing there lacks its key. Objects are
compared key by key, everything else (lists too) as a whole, so that taking a change back never shifts a neighbour.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Json = Any
Change = dict[str, Any]


class ChangeDoesNotFit(ValueError):
    """The document has something else at ``path`` than the change starts from: somebody changed it since."""

    def __init__(self, path: list[str]) -> None:
        super().__init__(".".join(path))
        self.path = path


def differences(before: Json, after: Json) -> list[Change]:
    """Every place at which two documents differ, parents never together with their children."""
    return list(_walk(before, after, []))


def _walk(before: Json, after: Json, path: list[str]) -> Iterator[Change]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted({*before, *after}):
            if key not in after:
                yield {"path": [*path, key], "before": before[key]}
            elif key not in before:
                yield {"path": [*path, key], "after": after[key]}
            else:
                yield from _walk(before[key], after[key], [*path, key])
    elif not same(before, after):
        yield {"path": path, "before": before, "after": after}


def same(left: Json, right: Json) -> bool:
    """Equality of JSON values: true is not 1, but 1 is 1.0."""
    if isinstance(left, bool) != isinstance(right, bool):
        return False
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right)


def inverted(changes: Iterable[Change]) -> list[Change]:
    """The changes that take these back."""
    swapped = []
    for change in changes:
        one: Change = {"path": list(change["path"])}
        if "after" in change:
            one["before"] = change["after"]
        if "before" in change:
            one["after"] = change["before"]
        swapped.append(one)
    return swapped[::-1]


def carry_out(document: Json, changes: Iterable[Change]) -> Json:
    """A new document with the changes made. Raises ``ChangeDoesNotFit`` where it is not what they start from."""
    result = copied(document)
    for change in changes:
        result = _made(result, change)
    return result


def copied(value: Json) -> Json:
    """A copy that shares nothing with the value, nor within itself."""
    if isinstance(value, Mapping):
        return {key: copied(child) for key, child in value.items()}
    return [copied(child) for child in value] if isinstance(value, list) else value


def _made(root: Json, change: Change) -> Json:
    path = change["path"]
    if not path:
        if not same(root, change.get("before")):
            raise ChangeDoesNotFit(path)
        return copied(change["after"])
    parent = root
    for key in path[:-1]:
        if not isinstance(parent, Mapping) or key not in parent:
            raise ChangeDoesNotFit(path)
        parent = parent[key]
    last = path[-1]
    if not isinstance(parent, dict) or (last in parent) != ("before" in change):
        raise ChangeDoesNotFit(path)
    if "before" in change and not same(parent[last], change["before"]):
        raise ChangeDoesNotFit(path)
    if "after" in change:
        parent[last] = copied(change["after"])
    else:
        del parent[last]
    return root
