"""What a workspace says about itself, and a kind word about addresses."""

import re
import secrets
import zoneinfo
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from apps.accounts.facade import require
from apps.core.errors import InvalidInput
from apps.core.money import Currency
from apps.tenants.conf import RESERVED_SLUGS
from apps.tenants.context import current_tenant
from apps.tenants.directory import directory
from apps.tenants.enums import TenantEventKind
from apps.tenants.models import SLUG, Tenant
from apps.tenants.services.records import record_event

LONGEST, SHORTEST = 40, 3
FIELDS = ("name", "time_zone", "currency", "language")


def change_workspace(*, user: Any, name: str, time_zone: str, currency: str, language: str) -> list[str]:
    """Change the current tenant's name, time zone, currency and default language; returns the names of what changed.

    Needs ``settings.manage``; recorded. Raises ``InvalidInput`` naming the fields at fault.
    """
    require(user, "settings.manage")
    wanted = {"name": " ".join(name.split()), "time_zone": time_zone, "currency": currency, "language": language}
    wrong = _faults(wanted)
    if wrong:
        raise InvalidInput(fields=wrong)
    tenant_id = current_tenant().id
    with transaction.atomic():
        row = Tenant.objects.select_for_update().get(pk=tenant_id)
        changed = [field for field in FIELDS if getattr(row, field) != wanted[field]]
        if changed:
            detail: dict[str, Any] = {field: [getattr(row, field), wanted[field]] for field in changed}
            Tenant.objects.filter(pk=tenant_id).update(**{field: wanted[field] for field in changed})
            record_event(tenant_id=tenant_id, kind=TenantEventKind.CHANGED, actor_id=user.pk, **detail)
            transaction.on_commit(directory.forget)
    directory.forget()
    return changed


def propose_address(name: str) -> str:
    """A free address made from a name; names in other scripts and taken ones get a short random ending."""
    stem = slugify(name)[: LONGEST - 6].strip("-_").replace("_", "-")
    if len(stem) >= SHORTEST and is_free(stem):
        return stem
    return f"{stem or 'workspace'}-{secrets.token_hex(2)}"


def judge_address(address: str) -> tuple[bool, str]:
    """Whether an address may be taken, and one sentence that says so kindly, with a way on when it may not."""
    wanted = address.strip().lower()
    host = f"{wanted}.{settings.BASE_DOMAIN}"
    if not is_usable(wanted):
        return False, _("Use 3 to 40 small letters, digits and dashes; start and end with a letter or digit.")
    if is_free(wanted):
        return True, _("%(host)s is yours to take.") % {"host": host}
    return False, _("%(host)s is somebody else's. How about %(proposal)s?") % {
        "host": host,
        "proposal": propose_address(wanted),
    }


def is_usable(address: str) -> bool:
    """Whether it has the form of an address and is not kept for the platform."""
    return bool(re.fullmatch(SLUG, address)) and len(address) >= SHORTEST and address not in RESERVED_SLUGS


def is_free(address: str) -> bool:
    """Whether no tenant has, or had, this usable address."""
    return is_usable(address) and not Tenant.objects.filter(slug=address).exists()


def _faults(wanted: dict[str, str]) -> dict[str, str]:
    checks = {
        "name": (0 < len(wanted["name"]) <= 120, _("Give the workspace a name of at most 120 characters.")),
        "time_zone": (wanted["time_zone"] in zoneinfo.available_timezones(), _("Choose one of the time zones.")),
        "currency": (wanted["currency"] in Currency.values, _("Choose one of the currencies.")),
        "language": (wanted["language"] in dict(settings.LANGUAGES), _("Choose one of the languages.")),
    }
    return {field: text for field, (is_right, text) in checks.items() if not is_right}
