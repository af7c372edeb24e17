"""Pages the apps offer to the portal's side bar and to its bottom bar on phones."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise

from apps.core.registry import Registry


@dataclass(frozen=True, kw_only=True)
class NavigationItem:
    """One entry. ``permission`` hides it from people who may not open the page; ``count`` is what needs a person there."""

    url_name: str
    label: str | Promise
    icon: str
    order: int
    permission: str
    group: str | Promise = ""
    count: Callable[[], int] | None = None
    on_phone: bool = False
    also: frozenset[str] = frozenset()

    def is_current(self, view_name: str) -> bool:
        """Whether the page being shown is this entry's own or one of those named in ``also``."""
        return view_name == self.url_name or view_name in self.also


navigation: Registry[NavigationItem] = Registry(
    name="navigation", entry_type=NavigationItem, key=lambda item: item.url_name
)


def visible_items(permissions: frozenset[str], view_name: str) -> list[dict[str, Any]]:
    """What the shell draws for a person, in order."""
    return [
        {
            "item": item,
            "current": item.is_current(view_name),
            "count": item.count() if item.count else 0,
        }
        for item in sorted(navigation, key=lambda entry: entry.order)
        if item.permission in permissions
    ]
