"""What we know of rows in Notion."""

from django.db import models

from apps.tasks.models.requests import Task


class NotionRow(models.Model):
    """What we know of one row of the Automation Queue: which tick was taken, and which task it became.

    ``generation`` counts ticks, so a row ticked again after it is done is a new request and a row seen twice is not.
    """

    page_id = models.CharField(max_length=40, unique=True)
    local_ref = models.CharField(max_length=120, blank=True, help_text="The reference this row is written to under.")
    url = models.CharField(max_length=300, blank=True)
    generation = models.PositiveIntegerField(default=0)
    is_ticked_again = models.BooleanField(
        default=False, help_text="Ticked while the previous request was still in work."
    )
    task = models.ForeignKey(Task, on_delete=models.SET_NULL, null=True, blank=True, related_name="notion_rows")
    seen = models.JSONField(default=dict, blank=True, help_text="Values as last read.")
    version = models.BigIntegerField(default=0)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.page_id


class NotionClient(models.Model):
    """A client's row in Notion: enough to name it in tasks and figures."""

    page_id = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=120, blank=True)
    email = models.CharField(max_length=254, blank=True)
    is_active = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.name
