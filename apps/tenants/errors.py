"""Errors of tenancy."""

from django.utils.translation import gettext_lazy as _

from apps.core.errors import LimitReached, NotFound, Unavailable


class UnknownTenant(NotFound):
    """No tenant by that id, slug or host; never answered from the public schema instead."""

    code = "unknown_tenant"
    message = _("There is no workspace at this address. Check the spelling, or sign in to see your workspaces.")


class TenantInactive(Unavailable):
    """The tenant exists and is suspended, being set up or on its way out."""

    code = "tenant_inactive"
    retryable = False
    message = _("This workspace is not active. Its owner can restore it, or contact support.")


class PlanLimitReached(LimitReached):
    """The plan's limit for this is used up."""

    code = "plan_limit_reached"
    message = _("Your plan's limit for %(what)s is reached (%(used)s of %(limit)s). Upgrade, or wait for the next period.")
