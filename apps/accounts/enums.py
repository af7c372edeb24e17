"""Choices of people and roles."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Role(TextChoices):
    """A person's role in one tenant, strongest first."""

    OWNER = "owner", _("Owner")
    ADMIN = "admin", _("Admin")
    EDITOR = "editor", _("Editor")
    APPROVER = "approver", _("Approver")
    ANALYST = "analyst", _("Analyst")
    VIEWER = "viewer", _("Viewer")
