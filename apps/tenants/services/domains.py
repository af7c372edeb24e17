"""Host names of tenants: subdomains come with the tenant, own domains are proven with a TXT record."""

import re
import secrets
from collections.abc import Callable

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.core.errors import InvalidInput, NotAllowed, NotFound
from apps.tenants.directory import directory
from apps.tenants.enums import DomainKind, TenantEventKind
from apps.tenants.errors import DomainNotProven, DomainTaken
from apps.tenants.models import Domain
from apps.tenants.services.records import record_event

RECORD_PREFIX = "_echopilot"
HOST_NAME = re.compile(r"^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$")

Resolver = Callable[[str], list[str]]


def add_domain(*, tenant_id: int, domain: str, actor_id: int | None = None) -> Domain:
    """Claim an own domain; it leads nowhere until ``verify_domain``. Claiming it again returns the same row.

    Internationalised names are taken in either form and kept in the ASCII one. Raises ``InvalidInput`` or ``DomainTaken``.
    """
    name = normalise(domain)
    if name == settings.BASE_DOMAIN or name.endswith(f".{settings.BASE_DOMAIN}"):
        raise InvalidInput(fields={"domain": "Subdomains of the platform are given with the workspace."})
    if Domain.objects.filter(domain=name, verified_at__isnull=False).exclude(tenant_id=tenant_id).exists():
        raise DomainTaken(fields={"domain": DomainTaken.message})
    row, created = Domain.objects.get_or_create(
        tenant_id=tenant_id, domain=name, defaults={"kind": DomainKind.CUSTOM, "token": secrets.token_urlsafe(32)}
    )
    if created:
        record_event(tenant_id=tenant_id, kind=TenantEventKind.DOMAIN_ADDED, actor_id=actor_id, domain=name)
    return row


def txt_record(row: Domain) -> tuple[str, str]:
    """Name and value of the TXT record that proves ownership."""
    return f"{RECORD_PREFIX}.{row.domain}", f"echopilot-verification={row.token}"


def verify_domain(*, tenant_id: int, domain: str, resolve: Resolver, actor_id: int | None = None) -> Domain:
    """Let the domain lead to the tenant when its TXT record is there; ``resolve`` returns the texts of a name.

    Verifying twice is fine. Raises ``NotFound``, ``DomainNotProven`` or ``DomainTaken`` (somebody else proved it first).
    """
    row = _own(tenant_id, domain)
    if row.verified_at is not None:
        return row
    record, value = txt_record(row)
    if value not in resolve(record):
        raise DomainNotProven(record=record, value=value)
    return _accept(row, actor_id)


def trust_domain(*, tenant_id: int, domain: str, reason: str, actor_id: int | None) -> Domain:
    """Accept a domain on the word of the platform's staff, who checked it in another way."""
    row = add_domain(tenant_id=tenant_id, domain=domain, actor_id=actor_id)
    return row if row.verified_at else _accept(row, actor_id, reason)


def remove_domain(*, tenant_id: int, domain: str, actor_id: int | None = None) -> None:
    """Take an own domain away; the subdomain stays. Raises ``NotFound``, or ``NotAllowed`` for the subdomain."""
    row = _own(tenant_id, domain)
    if row.kind != DomainKind.CUSTOM:
        raise NotAllowed("The workspace's own subdomain cannot be removed.")
    with transaction.atomic():
        was_primary = row.is_primary
        row.delete()
        if was_primary:
            Domain.objects.filter(tenant_id=tenant_id, kind=DomainKind.SUBDOMAIN).update(is_primary=True)
        record_event(tenant_id=tenant_id, kind=TenantEventKind.DOMAIN_REMOVED, actor_id=actor_id, domain=row.domain)
        transaction.on_commit(directory.forget)
    directory.forget()


def normalise(domain: str) -> str:
    """The ASCII form in small letters without a final dot. Raises ``InvalidInput`` for what is no host name."""
    try:
        name = domain.strip().rstrip(".").lower().encode("idna").decode("ascii")
    except UnicodeError:
        name = ""
    if not HOST_NAME.fullmatch(name):
        raise InvalidInput(fields={"domain": "Enter a domain such as app.example.com, without https:// or a path."})
    return name


def _own(tenant_id: int, domain: str) -> Domain:
    row = Domain.objects.filter(tenant_id=tenant_id, domain=normalise(domain)).first()
    if row is None:
        raise NotFound
    return row


def _accept(row: Domain, actor_id: int | None, reason: str = "") -> Domain:
    try:
        with transaction.atomic():
            row.verified_at = timezone.now()
            row.save(update_fields=["verified_at"])
            record_event(
                tenant_id=row.tenant_id,
                kind=TenantEventKind.DOMAIN_VERIFIED,
                actor_id=actor_id,
                reason=reason,
                domain=row.domain,
            )
            transaction.on_commit(directory.forget)
    except IntegrityError as error:
        raise DomainTaken(fields={"domain": DomainTaken.message}) from error
    directory.forget()
    return row
