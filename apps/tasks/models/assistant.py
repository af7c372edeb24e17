"""What a person asked the assistant and was told (tenant schema). A conversation belongs to one person alone."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from apps.core.ids import new_id


class Conversation(models.Model):
    """One person's talk; deleted with everything said in it when they say so."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user_id = models.BigIntegerField()
    title = models.CharField(max_length=120)
    created_at = models.DateTimeField(db_default=Now())
    touched_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["user_id", "-touched_at"], name="tasks_conversation_by_person")]

    def __str__(self) -> str:
        return self.title


class ConversationTurn(models.Model):
    """A question, or the answer to it with the sources it rests on. ``wording`` says who put it into words."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="turns")
    role = models.CharField(max_length=10, choices=[("person", "person"), ("assistant", "assistant")])
    text = models.TextField(blank=True)
    sources = models.JSONField(default=list)
    tools = models.JSONField(default=list, help_text="Names of what was looked up.")
    wording = models.CharField(max_length=10, blank=True, help_text="model, template or none.")
    note = models.CharField(max_length=300, blank=True)
    cost_micros = models.BigIntegerField(null=True, blank=True)
    is_finished = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(role__in=["person", "assistant"]), name="tasks_conversationturn_role_known"
            )
        ]
        indexes = [models.Index(fields=["conversation", "created_at"], name="tasks_turn_by_conversation")]

    def __str__(self) -> str:
        return f"{self.role}: {self.text[:40]}"
