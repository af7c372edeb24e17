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
