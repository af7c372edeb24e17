"""What the portal itself keeps, in the public plane: visitors' messages and browsers that want to hear of reviews."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.core.fields import EncryptedTextField
from apps.core.ids import new_id


class ContactMessage(models.Model):
    """What a visitor wrote. ``mailed_at`` is empty until the operator's mail server took it."""

    class Topic(models.TextChoices):
        """What it is about."""

        QUESTION = "question", _("A question")
        PROBLEM = "problem", _("Something does not work")
        BARRIER = "barrier", _("A barrier: I cannot use a page")
        SECURITY = "security", _("A weakness in security")
        PRIVACY = "privacy", _("My personal data")
        PARTNER = "partner", _("Working together")

    topic = models.CharField(max_length=16, choices=Topic)
    email = models.EmailField()
    text = models.TextField(max_length=4000)
    language = models.CharField(max_length=12, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    mailed_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(topic__in=["question", "problem", "barrier", "security", "privacy", "partner"]),
                name="portal_contactmessage_topic_is_known",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_topic_display()} · {self.created_at:%Y-%m-%d %H:%M}"


class PushSubscription(models.Model):
    """One browser of one person in one workspace, with the keys to write to it (RFC 8291).

    The address is a capability: whoever knows it can write to the browser, so it is stored encrypted and found by its hash.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant_id = models.BigIntegerField()
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    session_hash = models.CharField(max_length=64, help_text="Ends with this sign-in.")
    endpoint_hash = models.CharField(max_length=64)
    endpoint = EncryptedTextField()
    public_key = models.CharField(max_length=100)
    auth_secret = EncryptedTextField()
    language = models.CharField(max_length=12, default="en")
    created_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["endpoint_hash"], name="portal_pushsubscription_one_per_browser")
        ]
        indexes = [models.Index(fields=["tenant_id", "user"], name="portal_push_by_tenant")]

    def __str__(self) -> str:
        return f"{self.user_id} · {self.created_at:%Y-%m-%d}"


class PlatformKey(models.Model):
    """A key pair the platform made for itself at its first need; the private half is stored encrypted."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    purpose = models.CharField(max_length=40, unique=True)
    public_key = models.CharField(max_length=200)
    private_key = EncryptedTextField()
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.purpose


class StandingWatch(models.Model):
    """The one row that says since when, and when last, somebody looked how the installation is doing."""

    began_at = models.DateTimeField(db_default=Now())
    looked_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="portal_standingwatch_is_one_row")]

    def __str__(self) -> str:
        return f"since {self.began_at:%Y-%m-%d}"


class Outage(models.Model):
    """A time in which a part did not work, as the probes saw it; ``part`` is a probe's name, no end means it lasts."""

    part = models.CharField(max_length=40)
    began_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["part"], condition=Q(ended_at=None), name="portal_outage_one_open_per_part"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=models.F("began_at")),
                name="portal_outage_ends_after_it_began",
            ),
        ]
        indexes = [models.Index(fields=["-began_at"], name="portal_outage_newest")]

    def __str__(self) -> str:
        return f"{self.part} {self.began_at:%Y-%m-%d %H:%M}"
