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


class Theme(TextChoices):
    """Light or dark pages; ``system`` follows the device."""

    SYSTEM = "system", _("Like the device")
    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")


class Density(TextChoices):
    """How much room lists and controls take."""

    COMFORTABLE = "comfortable", _("Comfortable")
    COMPACT = "compact", _("Compact")


class Motion(TextChoices):
    """Whether pages move; ``system`` follows the device."""

    SYSTEM = "system", _("Like the device")
    REDUCED = "reduced", _("As little as possible")


class AccessEnd(TextChoices):
    """Why a staff member's access to a workspace ended before its time."""

    LEFT = "left", _("Left by the staff member")
    REPLACED = "replaced", _("Another workspace was entered")
    OWNER = "owner", _("Ended by the workspace")
    SIGNED_OUT = "signed_out", _("Signed out")
