"""Creates tenants."""

import re

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts.facade import add_owner
from apps.core.errors import InvalidInput
from apps.dispatch import facade as dispatch
from apps.tenants import signals
from apps.tenants.conf import OPERATOR_SLUG, RESERVED_SLUGS
from apps.tenants.context import public_context
from apps.tenants.contracts import TenantRef
from apps.tenants.directory import directory
from apps.tenants.enums import DomainKind, LaunchStage, TenantEventKind, TenantStatus
from apps.tenants.errors import InvalidSlug, SlugTaken
from apps.tenants.models import SLUG, Domain, Tenant
from apps.tenants.schemas.pool import take_schema
from apps.tenants.schemas.template import template_sql
from apps.tenants.services.limits import in_flight_of
from apps.tenants.services.plans import find_plan
from apps.tenants.services.records import record_event

SLUG_LENGTH = 3
NAME_LENGTH = 120


def provision_tenant(
    *,
    slug: str,
    name: str,
    email: str,
    owner_id: int | None = None,
    plan: str = "starter",
    language: str = "en",
    time_zone: str = "UTC",
    actor_id: int | None = None,
    cloned_from: int | None = None,
) -> TenantRef:
    """Create a tenant that can be used at once: rows, schema, subdomain, owner, place in the work queue.

    All of it happens in one transaction. Raises ``InvalidSlug``, ``SlugTaken`` (also for addresses of deleted tenants, so
    that nobody inherits their links) or ``InvalidInput``.
    """
    _check(slug=slug, name=name, email=email)
    template_sql()
    with public_context(), transaction.atomic():
        tenant = _insert(slug=slug, name=name, email=email, plan=plan, language=language, time_zone=time_zone)
        Domain.objects.create(
            domain=f"{slug}.{settings.BASE_DOMAIN}",
            tenant=tenant,
            kind=DomainKind.SUBDOMAIN,
            is_primary=True,
            verified_at=timezone.now(),
        )
        dispatch.register_tenant(
            tenant_id=tenant.id,
            schema_name=tenant.schema_name,
            epoch=tenant.epoch,
            max_in_flight=in_flight_of(tenant.id),
            is_operator=slug == OPERATOR_SLUG,
        )
        if owner_id is not None:
            add_owner(user_id=owner_id, tenant_id=tenant.id)
        record_event(tenant_id=tenant.id, kind=TenantEventKind.PROVISIONED, actor_id=actor_id or owner_id, plan=plan)
        signals.tenant_provisioned.announce(
            signals.TenantProvisioned(tenant_id=tenant.id, slug=slug, owner_id=owner_id, cloned_from=cloned_from)
        )
        transaction.on_commit(directory.forget)
    directory.forget()
    return as_ref(tenant)


def as_ref(tenant: Tenant) -> TenantRef:
    """What other apps may know of a tenant row."""
    return TenantRef(
        id=tenant.id,
        schema_name=tenant.schema_name,
        slug=tenant.slug,
        name=tenant.name,
        epoch=tenant.epoch,
        launch_stage=str(tenant.launch_stage),
        status=str(tenant.status),
    )


def _insert(*, slug: str, name: str, email: str, plan: str, language: str, time_zone: str) -> Tenant:
    try:
        with transaction.atomic():
            return Tenant.objects.create(
                schema_name=take_schema(),
                slug=slug,
                name=name.strip(),
                email=email,
                plan=find_plan(plan),
                language=language,
                time_zone=time_zone,
                status=TenantStatus.ACTIVE,
                launch_stage=LaunchStage.PRE,
            )
    except IntegrityError as error:
        if Tenant.objects.filter(slug=slug).exists():
            raise SlugTaken(fields={"slug": SlugTaken.message}) from error
        raise


def _check(*, slug: str, name: str, email: str) -> None:
    if not re.fullmatch(SLUG, slug) or (len(slug) < SLUG_LENGTH and slug != OPERATOR_SLUG) or slug in RESERVED_SLUGS:
        raise InvalidSlug(fields={"slug": InvalidSlug.message})
    if not name.strip() or len(name.strip()) > NAME_LENGTH:
        raise InvalidInput(fields={"name": "Give the workspace a name of at most 120 characters."})
    try:
        validate_email(email)
    except ValidationError as error:
        raise InvalidInput(fields={"email": "Enter an e-mail address."}) from error
