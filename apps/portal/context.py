"""What every page of the portal's shell shows: workspaces, navigation, launch stage, health, looks, languages."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.conf import settings
from django.core.cache import caches
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import get_language, get_language_info, gettext_noop
from django.utils.translation import gettext as _

from apps.accounts.facade import list_memberships
from apps.accounts.guards import held_permissions
from apps.core.dashboard import count_notices, notice_sources
from apps.core.navigation import by_group, visible_items
from apps.core.search import PaletteAction, allowed_actions
from apps.i18n.facade import offered_languages
from apps.portal.guardian import Line, guardian_line
from apps.tenants.enums import LaunchStage
from apps.tenants.facade import effective_launch_stage

# "g" and then this letter leads to the page.
GO_KEYS = {
    "portal:home": "h",
    "tasks:inbox_list": "i",
    "tasks:task_list": "t",
    "workflows:run_list": "r",
    "workflows:workflow_list": "w",
    "connections:connection_list": "c",
    "costs:usage": "u",
    "accounts:member_list": "p",
    "tenants:settings": "s",
}
ACCOUNT_LINKS = (
    ("accounts:profile", "user", gettext_noop("Your profile")),
    ("accounts:security", "shield-check", gettext_noop("Sign-in and security")),
)
PHONE_PLACES = 3
NOTICES_COUNTED = 50
BELL_SECONDS = 15


def shell(request: HttpRequest) -> dict[str, Any]:
    """Adds ``shell`` for members on a tenant's host; other pages get nothing and cost no query."""
    membership = getattr(request, "membership", None)
    if membership is None:
        return {}
    return {"shell": Shell(request, membership)}


def address(name: str) -> str:
    """The page's address, or an empty string when the installation has no such page."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


class Shell:
    """Lazily read by the template, so that fragments without a frame cost nothing."""

    def __init__(self, request: HttpRequest, membership: Any) -> None:
        self._request = request
        self.tenant = request.tenant  # type: ignore[attr-defined]
        self.role = membership.get_role_display()
        self._permissions = held_permissions(request)

    @cached_property
    def navigation(self) -> list[dict[str, Any]]:
        """Entries of the side bar this person may open, each with its ``g`` key."""
        match = self._request.resolver_match
        entries = visible_items(self._permissions, match.view_name if match else "")
        return [{**entry, "key": GO_KEYS.get(entry["item"].url_name, "")} for entry in entries]

    @property
    def groups(self) -> list[dict[str, Any]]:
        """The same under their titles."""
        return by_group(self.navigation)

    @property
    def phone(self) -> dict[str, list[dict[str, Any]]]:
        """The bottom bar around its raised button: where to be before it, what waits after it."""
        chosen = [entry for entry in self.navigation if entry["item"].on_phone and entry["item"].icon != "plus"]
        waits = [entry for entry in chosen if entry["item"].count is not None][:1]
        return {
            "before": [entry for entry in chosen if entry not in waits][: PHONE_PLACES - len(waits)],
            "after": waits,
        }

    @cached_property
    def waiting(self) -> int:
        """How many things need this person, for the bell: what the notifications list.

        Counted again as soon as the side bar's own counts change, else kept for a few seconds.
        """
        own = sum(entry["count"] for entry in self.navigation)
        sources = sorted(source.name for source in notice_sources if source.permission in self._permissions)
        kept = caches["tenant"].get_or_set(
            f"bell.{int(own)}.{'.'.join(sources)}",
            lambda: count_notices("needs", self._permissions, listed=NOTICES_COUNTED),
            BELL_SECONDS,
        )
        return kept or 0

    @cached_property
    def creations(self) -> list[PaletteAction]:
        """What the plus offers."""
        return [action for action in allowed_actions(self._permissions) if action.creates]

    @cached_property
    def workspaces(self) -> list[dict[str, Any]]:
        """The person's own places, this one marked; each opens by the platform's host, which knows the way in."""
        person = getattr(self._request, "staff", None) or self._request.user
        return [
            {
                "name": place.tenant.name,
                "role": place.get_role_display(),
                "url": f"{self._platform}/workspaces/{place.tenant.slug}/open/",
                "current": place.tenant_id == self.tenant.id,
            }
            for place in list_memberships(user_id=int(person.pk or 0))
            if place.tenant.status == "active" or place.tenant_id == self.tenant.id
        ]

    @property
    def all_workspaces(self) -> str:
        """The page that lists them and makes new ones."""
        return f"{self._platform}/workspaces/"

    @property
    def _platform(self) -> str:
        port = self._request.get_port()
        suffix = "" if port in {"80", "443"} else f":{port}"
        return f"{self._request.scheme}://{settings.BASE_DOMAIN}{suffix}"

    @cached_property
    def guardian(self) -> Line:
        """One sentence of health."""
        return guardian_line()

    @cached_property
    def _stage(self) -> LaunchStage:
        return effective_launch_stage()

    @property
    def stage_is_live(self) -> bool:
        """Whether effects may happen by themselves."""
        return self._stage != LaunchStage.PRE

    @property
    def stage_label(self) -> str:
        """The launch stage in two words."""
        return _("Live") if self.stage_is_live else _("Dry run")

    @property
    def stage_help(self) -> str:
        """What the launch stage means."""
        if self.stage_is_live:
            return _("Launched: low and medium risk effects run by themselves, high risk waits for a person.")
        return _("Before launch: nothing leaves EchoPilot without approval.")

    @property
    def can_change_stage(self) -> bool:
        """Whether this person may move to another stage."""
        return "launch.manage" in self._permissions

    @property
    def suspended_text(self) -> str:
        """For the banner of a paused workspace."""
        return _("This workspace is paused. You can look at everything; nothing runs until it is opened again.")

    @property
    def deleting_text(self) -> str:
        """For the banner of a workspace that is about to go."""
        return _("This workspace is scheduled for deletion. An owner can still stop it in the settings.")

    @property
    def account_links(self) -> list[dict[str, str]]:
        """Pages about oneself that this installation has."""
        found = [{"url": address(name), "icon": icon, "label": _(label)} for name, icon, label in ACCOUNT_LINKS]
        return [link for link in found if link["url"]]

    @property
    def languages(self) -> list[dict[str, Any]]:
        """Languages whose texts are there, each in its own name, and the page's own where it is another one."""
        codes = [language.code for language in offered_languages()]
        mine = self.language["code"]
        return [dict(get_language_info(code)) for code in [*codes, *([] if mine in codes else [mine])]]

    @property
    def language(self) -> dict[str, Any]:
        """The language of this page."""
        return dict(get_language_info(get_language() or settings.LANGUAGE_CODE))
