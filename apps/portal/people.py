"""People of the workspace, for the palette."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from apps.accounts.facade import list_members
from apps.core.search import SearchHit
from apps.tenants.facade import current_tenant


def find(query: str, limit: int) -> list[SearchHit]:
    """Members whose name or address contains every word, oldest first. One query."""
    words = query.casefold().split()
    address = reverse("accounts:member_list")
    return [
        SearchHit(
            title=member.user.name or member.user.email,
            url=address,
            icon="user",
            subtitle=f"{member.user.email} · {member.get_role_display()}"
            if member.user.name
            else member.get_role_display(),
            kind=_("Person"),
        )
        for member in list_members(tenant_id=current_tenant().id)
        if all(word in f"{member.user.name} {member.user.email}".casefold() for word in words)
    ][:limit]
