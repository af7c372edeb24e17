"""Workflows proposed to a person and not saved as workflows (tenant schema)."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.core.ids import new_id


class SuggestionState(models.TextChoices):
    """Life of a suggestion: only ``ready`` ones can be taken, and each only once."""

    WORKING = "working", _("Being made")
    READY = "ready", _("Ready")
    EMPTY = "empty", _("Nothing could be made of it")
    TAKEN = "taken", _("Taken into the builder")


class Suggestion(models.Model):
    """What somebody asked for in words and what was drawn from it. ``based_on`` is the workflow to be changed, or empty."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user_id = models.BigIntegerField()
    goal = models.TextField(max_length=4000)
    based_on = models.CharField(max_length=80, db_default="")
    state = models.CharField(max_length=8, choices=SuggestionState, db_default=SuggestionState.WORKING)
    name = models.CharField(max_length=160, db_default="")
    definition = models.JSONField(null=True)
    explanation = models.TextField(db_default="")
    questions = models.JSONField(default=list)
    mended = models.JSONField(default=list)
    problems = models.JSONField(default=list)
    origin = models.CharField(max_length=8, db_default="")
    rounds = models.PositiveSmallIntegerField(db_default=0)
    model = models.CharField(max_length=120, db_default="")
    cost_micros = models.BigIntegerField(null=True)
    note = models.TextField(db_default="")
    workflow = models.CharField(max_length=80, db_default="", help_text="Slug of the workflow it was taken into.")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "workflows_suggestion"
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=SuggestionState.values), name="workflows_suggestion_state_is_known"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["ready", "taken"]) | Q(definition__isnull=False),
                name="workflows_suggestion_definition_when_ready",
            ),
        ]
        indexes = [models.Index(fields=["user_id", "-created_at"], name="workflows_suggestion_mine")]

    def __str__(self) -> str:
        return self.name or self.goal[:60]
