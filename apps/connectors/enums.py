"""Choices of connectors."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class ConnectionState(TextChoices):
    """Whether a connection is used."""

    ACTIVE = "active", _("Working")
    ATTENTION = "attention", _("Needs attention")
    PAUSED = "paused", _("Paused")
    DISABLED = "disabled", _("Switched off")


class AuthKind(TextChoices):
    """How an outside service knows us."""

    TOKEN = "token", _("Access token")
    OAUTH = "oauth", _("Sign-in with the service")
    NONE = "none", _("None")


class Category(TextChoices):
    """The shelf of the catalogue a service stands on."""

    MESSAGES = "messages", _("Messages and mail")
    FILES = "files", _("Files")
    DATA = "data", _("Tables and notes")
    SALES = "sales", _("Customers and sales")
    MONEY = "money", _("Payments")
    CODE = "code", _("Software")
    WEB = "web", _("The web")


class ActionEffect(TextChoices):
    """What is known about an action when its outcome is not: the engine's effect classes."""

    PURE = "pure", _("Reads only")
    KEYED = "keyed", _("Repeat with the same key is safe")
    LOOKUP = "lookup", _("Can be looked up")
    BLIND = "blind", _("Cannot be known")


class SchemaAction(TextChoices):
    """One kind of difference between a declared database and the one in Notion."""

    CREATE_DATABASE = "create_database", _("Create the database")
    ADOPT_DATABASE = "adopt_database", _("Use the database found")
    ADD_PROPERTY = "add_property", _("Add the column")
    ADD_OPTIONS = "add_options", _("Add missing options")
    SET_FORMAT = "set_format", _("Set the number format")
    ADD_SHADOW = "add_shadow", _("Add a second column of the right type")
    WRONG_TYPE = "wrong_type", _("Column has another type")
    RENAMED = "renamed", _("Column was renamed; it is followed by its id")
    BLOCKED = "blocked", _("Cannot be mended from here")


class PageState(TextChoices):
    """Where a row we know is now."""

    LIVE = "live", _("In its database")
    TRASHED = "trashed", _("In the bin")
    MOVED = "moved", _("Moved elsewhere")
    GONE = "gone", _("Deleted or no longer shared")


class SyncState(TextChoices):
    """What the page shows of the two-way traffic of a row."""

    IN_STEP = "in_step", _("In step")
    PENDING = "pending", _("Waiting to be sent")
    CONFLICT = "conflict", _("Changed on both sides")
    FAILED = "failed", _("Could not be sent")


class ConflictState(TextChoices):
    """Life of a conflict."""

    OPEN = "open", _("Open")
    KEPT_OURS = "ours", _("Ours kept")
    KEPT_THEIRS = "theirs", _("Theirs kept")
    OBSOLETE = "obsolete", _("Both sides agree again")


class CreateState(TextChoices):
    """What is known of our attempt to create a row."""

    NONE = "none", _("Not tried")
    UNKNOWN = "unknown", _("Tried, outcome not known yet")
    DONE = "done", _("Created")


class NoticeState(TextChoices):
    """Life of a message to a chat. ``UNKNOWN``: it may have arrived, so it is not sent again."""

    WAITING = "waiting", _("Waiting to be sent")
    SENDING = "sending", _("Being sent")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Could not be sent")
    UNKNOWN = "unknown", _("Outcome not known")
