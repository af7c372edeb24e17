"""Choices of tenancy."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class TenantStatus(TextChoices):
    """Life of a tenant; only ``active`` ones are served."""

    PROVISIONING = "provisioning", _("Being set up")
    ACTIVE = "active", _("Active")
    SUSPENDED = "suspended", _("Suspended")
    DELETING = "deleting", _("To be deleted")
    DELETED = "deleted", _("Deleted")


class LaunchStage(TextChoices):
    """``pre``: outside effects are dry runs and need approval; ``post``: low and medium risk run by themselves."""

    PRE = "pre", _("Before launch")
    POST = "post", _("Launched")


class DomainKind(TextChoices):
    """Where a host name comes from."""

    SUBDOMAIN = "subdomain", _("Subdomain of the platform")
    CUSTOM = "custom", _("Own domain")


class MigrationState(TextChoices):
    """How far one migration got in one tenant."""

    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


class TenantEventKind(TextChoices):
    """What happened to a tenant, for the record."""

    PROVISIONED = "provisioned", _("Created")
    CLONED = "cloned", _("Cloned from another workspace")
    SUSPENDED = "suspended", _("Suspended")
    RESTORED = "restored", _("Restored")
    DELETION_SCHEDULED = "deletion_scheduled", _("Deletion scheduled")
    DELETION_CANCELLED = "deletion_cancelled", _("Deletion cancelled")
    PURGED = "purged", _("Data deleted")
    EXPORTED = "exported", _("Exported")
    LAUNCH_STAGE_CHANGED = "launch_stage_changed", _("Launch stage changed")
    PLAN_CHANGED = "plan_changed", _("Plan changed")
    LIMIT_CHANGED = "limit_changed", _("Limit changed")
    DOMAIN_ADDED = "domain_added", _("Domain added")
    DOMAIN_VERIFIED = "domain_verified", _("Domain verified")
    DOMAIN_REMOVED = "domain_removed", _("Domain removed")
    EPOCH_RAISED = "epoch_raised", _("Earlier work voided")
    CHANGED = "changed", _("Settings changed")
    FLAG_CHANGED = "flag_changed", _("Feature flag changed")


class ExportState(TextChoices):
    """Life of an export file."""

    RUNNING = "running", _("Being written")
    READY = "ready", _("Ready")
    FAILED = "failed", _("Failed")
    EXPIRED = "expired", _("Expired")


class FlagState(TextChoices):
    """How far a feature is open."""

    OFF = "off", _("Off, but for named workspaces")
    SHARE = "share", _("On for a share of the workspaces")
    ON = "on", _("On, but for named workspaces")
