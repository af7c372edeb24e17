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

    def is_current(self, view_name: str) -> bool:
        """Whether the page being shown belongs to this entry: same namespace and noun."""
        return view_name == self.url_name or view_name.startswith(self.url_name.rsplit("_", 1)[0] + "_")


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
