"""Typed registries: how apps offer things to layers above and below without importing them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from apps.core.errors import Misconfigured, NotFound

Entry = TypeVar("Entry")


class Registry(Generic[Entry]):
    """Named entries of one type, filled by each app's ``plug.py`` and closed once Django has started.

    ``key`` reads an entry's unique name. A wrong type, a duplicate and a late registration raise ``Misconfigured``.
    """

    _all: list["Registry[object]"] = []

    def __init__(self, *, name: str, entry_type: type[Entry], key: Callable[[Entry], str]) -> None:
        self.name = name
        self._entry_type = entry_type
        self._key = key
        self._entries: dict[str, Entry] = {}
        self._closed = False
        Registry._all.append(self)  # type: ignore[arg-type]

    def register(self, entry: Entry) -> Entry:
        """Add one entry and return it, so that it can be used as a decorator."""
        if self._closed:
            raise Misconfigured(f"Registry {self.name!r} is closed: register from plug.py.")
        self._add(entry)
        return entry

    def get(self, key: str) -> Entry:
        """The entry by that name. Raises ``NotFound``."""
        try:
            return self._entries[key]
        except KeyError:
            raise NotFound(detail=f"no {key!r} in registry {self.name!r}; known: {sorted(self._entries)}") from None

    def __contains__(self, key: object) -> bool:
        return key in self._entries

    def __iter__(self) -> Iterator[Entry]:
        return iter(list(self._entries.values()))

    def __len__(self) -> int:
        return len(self._entries)

    @contextmanager
    def temporarily(self, *entries: Entry, replace: bool = False) -> Iterator[None]:
        """For tests: extra entries (replacing same-named ones when asked) inside a ``with`` block."""
        before = dict(self._entries)
        try:
            for entry in entries:
                if replace:
                    self._entries.pop(self._key(entry), None)
                self._add(entry)
            yield
        finally:
            self._entries = before

    def _add(self, entry: Entry) -> None:
        if not isinstance(entry, self._entry_type):
            raise Misconfigured(
                f"Registry {self.name!r} takes {self._entry_type.__name__}, not {type(entry).__name__}."
            )
        key = self._key(entry)
        if key in self._entries:
            raise Misconfigured(f"{key!r} is registered twice in {self.name!r}.")
        self._entries[key] = entry

    @classmethod
    def close_all(cls) -> None:
        """Refuse further registrations; called once all apps are ready."""
        for registry in cls._all:
            registry._closed = True
