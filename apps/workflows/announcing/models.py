"""Announcements of runs to members (tenant schema)."""

from django.db import models
from django.db.models.functions import Now

from apps.core.ids import new_id


class Announcement(models.Model):
    """What one step told. ``key`` is the step's, so the same visit tells once however often it runs."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    key = models.CharField(max_length=64, unique=True, db_index=False)
    run = models.ForeignKey("workflows.Run", on_delete=models.CASCADE, related_name="announcements", db_index=False)
    title = models.CharField(max_length=160)
    text = models.TextField(max_length=20_000, db_default="")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "workflows_announcement"
        indexes = [models.Index(fields=["-created_at"], name="workflows_announcement_latest")]

    def __str__(self) -> str:
        return self.title


class AnnouncementMail(models.Model):
    """One member's mail about an announcement. ``sent_at`` is set before it is handed over, so nobody gets it twice."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    announcement = models.ForeignKey(Announcement, on_delete=models.CASCADE, related_name="mails", db_index=False)
    user_id = models.BigIntegerField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "workflows_announcementmail"
        constraints = [
            models.UniqueConstraint(
                fields=["announcement", "user_id"], name="workflows_announcementmail_once_per_person"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.announcement_id} {self.user_id}"
