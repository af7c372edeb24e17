"""Errors of tenancy."""

from django.utils.translation import gettext_lazy as _

from apps.core.errors import Conflict, InvalidInput, LimitReached, NotFound, PlatformError, Unavailable


class UnknownTenant(NotFound):
    """No tenant by that id, slug or host; never answered from the public schema instead."""

    code = "unknown_tenant"
    message = _("There is no workspace at this address. Check the spelling, or sign in to see your workspaces.")


class TenantInactive(Unavailable):
    """The tenant exists and is suspended, being set up or on its way out."""

    code = "tenant_inactive"
    retryable = False
    message = _("This workspace is not active. Its owner can restore it, or contact support.")


class StaleEpoch(Conflict):
    """The work belongs to a state of the tenant's data that was replaced by a restore."""

    code = "stale_epoch"
    message = _("The workspace was restored since this began. Start again from its present state.")


class NoTenant(PlatformError):
    """Tenant data was asked for outside a tenant context: a bug of the caller."""

    code = "no_tenant"
    message = _("No workspace is selected. Open the page on the workspace's own address.")


class NestedTenant(PlatformError):
    """A second tenant was entered while another is active: a bug of the caller."""

    code = "nested_tenant"
    message = _("Two workspaces cannot be worked on at once.")


class SlugTaken(Conflict):
    """Another tenant has, or had, this address."""

    code = "slug_taken"
    message = _("This workspace address is taken. Choose another one.")


class InvalidSlug(InvalidInput):
    """The wanted address is not a usable host label."""

    code = "invalid_slug"
    message = _(
        "Use 3 to 40 small letters, digits and dashes for the address; it starts and ends with a letter or digit."
    )


class DomainTaken(Conflict):
    """Another tenant proved that it owns this domain."""

    code = "domain_taken"
    message = _("This domain leads to another workspace already.")


class DomainNotProven(InvalidInput):
    """The TXT record that proves ownership was not found."""

    code = "domain_not_proven"
    message = _(
        "The TXT record %(record)s with the value %(value)s was not found. Add it at your domain's provider and try again."
    )


class WrongStatus(Conflict):
    """The change does not start from the tenant's present status."""

    code = "wrong_tenant_status"
    message = _("This is not possible while the workspace is %(status)s.")


class NotReady(Conflict):
    """The readiness check found conditions that are not met."""

    code = "not_ready"
    message = _("The workspace is not ready to launch: %(conditions)s.")


class MigrationsFailed(PlatformError):
    """Some tenants could not be brought to the present migrations; the status table says which and why."""

    code = "migrations_failed"
    message = _(
        "%(failed)s of %(total)s workspaces could not be migrated. See `manage.py tenant_migrations` and run it again."
    )


class PlanLimitReached(LimitReached):
    """The plan's limit for this is used up."""

    code = "plan_limit_reached"
    message = _(
        "Your plan's limit for %(what)s is reached (%(used)s of %(limit)s). Upgrade, or wait for the next period."
    )
