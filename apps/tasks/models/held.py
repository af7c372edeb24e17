"""Decisions that have been taken and may still be taken back."""

from django.db import models

from apps.core.held import HeldAct
from apps.tasks.enums import Decision
from apps.tasks.models.requests import ReviewItem


class HeldDecision(HeldAct):
    """A person's decision in the moments before it takes effect. Gone once it is applied or taken back; one per review."""

    review = models.OneToOneField(ReviewItem, primary_key=True, on_delete=models.CASCADE, related_name="held")
    decision = models.CharField(max_length=16, choices=Decision)
    edited_text = models.TextField(null=True, blank=True)
    note = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(decision__in=Decision.values), name="tasks_helddecision_is_a_decision"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.review_id} {self.decision}"
