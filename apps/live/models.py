"""What changed lately, in the order in which it became visible: the memory from which a stream goes on after a cut."""

from django.db import models
from django.db.models.functions import Now


class Notice(models.Model):
    """Topics of one tenant that changed together (public plane; ids and counts, never content).

    Ids rise in the order of commit, because writers hold one lock from the id to the commit (``sending.WRITE``). Rows are
    kept for a quarter of an hour; the truth is elsewhere.
    """

    id = models.BigAutoField(primary_key=True)
    tenant_id = models.BigIntegerField()
    body = models.JSONField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["tenant_id", "id"], name="live_notice_by_tenant"),
            models.Index(fields=["at"], name="live_notice_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.id} tenant {self.tenant_id}"
