"""What an act looks like in the moments in which it can still be taken back."""

from django.db import models
from django.db.models.functions import Now


class HeldAct(models.Model):
    """A person's act before it takes effect; its key is what it is about, so there is one at a time. See ``dispatch.holding``."""

    decided_by = models.BigIntegerField(help_text="User id.")
    effective_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        abstract = True
