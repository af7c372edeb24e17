"""What every page of the portal's shell shows: workspace, role, navigation, launch stage, languages."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language, get_language_info
from django.utils.translation import gettext as _

from apps.accounts.guards import held_permissions
from apps.core.navigation import visible_items
from apps.tenants.enums import LaunchStage
from apps.tenants.facade import effective_launch_stage


def shell(request: HttpRequest) -> dict[str, Any]:
    """Adds ``shell`` for members on a tenant's host; other pages get nothing and cost no query."""
    membership = getattr(request, "membership", None)
    if membership is None:
        return {}
    return {"shell": Shell(request, membership)}


class Shell:
    """Lazily read by the template, so that fragments without a frame cost nothing."""

    def __init__(self, request: HttpRequest, membership: Any) -> None:
        self._request = request
        self._items: list[dict[str, Any]] | None = None
        self.tenant = request.tenant  # type: ignore[attr-defined]
        self.role = membership.get_role_display()
        self._permissions = held_permissions(request)

    @property
    def navigation(self) -> list[dict[str, Any]]:
        """Entries of the side bar this person may open."""
        if self._items is None:
            match = self._request.resolver_match
            self._items = visible_items(self._permissions, match.view_name if match else "")
        return self._items

    @property
    def phone(self) -> list[dict[str, Any]]:
        """Entries of the bottom bar; the one that creates something is the raised button."""
        chosen = [entry for entry in self.navigation if entry["item"].on_phone]
        return [{**entry, "fab": entry["item"].icon == "plus"} for entry in chosen]

    @property
    def _stage(self) -> LaunchStage:
        return effective_launch_stage()

    @property
    def stage_label(self) -> str:
        """The launch stage in two words."""
        return _("Dry run") if self._stage == LaunchStage.PRE else _("Live")

    @property
    def stage_help(self) -> str:
        """What the launch stage means."""
        if self._stage == LaunchStage.PRE:
            return _("Before launch: nothing leaves EchoPilot without approval.")
        return _("Launched: low and medium risk effects run by themselves, high risk waits for a person.")

    @property
    def languages(self) -> list[dict[str, Any]]:
        """Languages to switch to, each in its own name."""
        return [dict(get_language_info(code)) for code, _name in settings.LANGUAGES]

    @property
    def language(self) -> str:
        """The language of this page."""
        return get_language() or settings.LANGUAGE_CODE
