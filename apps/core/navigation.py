"""Pages the apps offer to the portal's side bar and to its bottom bar on phones."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.core.registry import Registry

GROUPS: dict[str, str | Promise] = {
    "": "",
    "build": _("Build"),
    "run": _("Run"),
    "business": _("Business"),
    "settings": _("Settings"),
}


@dataclass(frozen=True, kw_only=True)
class NavigationItem:
    """One entry. ``permission`` hides it from people who may not open the page; ``count`` is what needs a person there.

    ``group`` is a key of ``GROUPS``: "" is the untitled top. Orders: top 0-99, build 100-199, run 200-299, business 300-399,
    settings 400-499.
    """

    url_name: str
    label: str | Promise
    icon: str
    order: int
    permission: str
    group: str = ""
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


def by_group(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Entries as ``visible_items`` returns them, gathered under the groups' titles; empty groups are left out."""
    groups = [
        {"key": key, "label": label, "entries": [entry for entry in entries if entry["item"].group == key]}
        for key, label in GROUPS.items()
    ]
    return [group for group in groups if group["entries"]]
