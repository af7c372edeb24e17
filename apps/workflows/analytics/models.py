"""Sums per workflow, day and step (tenant schema). Derived: the roll-up can write every row anew from runs."""

from django.db import models

from apps.core.ids import new_id


class StepDay(models.Model):
    """One UTC day of one step of a workflow; an empty ``step_id`` is the runs as a whole. A run counts on the day it was created.

    ``runs`` counts ended runs (of a step: visits), ``still_open`` those not ended when it was measured. ``histogram`` maps a
    bucket to a count of durations (see ``rollup.BASE``), ``errors`` a code to a count. Milliseconds; shadows never count.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workflow = models.ForeignKey("workflows.Workflow", on_delete=models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()
    step_id = models.CharField(max_length=80, db_default="")
    runs = models.PositiveIntegerField()
    succeeded = models.PositiveIntegerField()
    failed = models.PositiveIntegerField()
    still_open = models.PositiveIntegerField(db_default=0)
    retries = models.PositiveIntegerField()
    cost_micros = models.BigIntegerField()
    working_ms = models.BigIntegerField()
    waiting_ms = models.BigIntegerField()
    score_sum = models.BigIntegerField()
    score_count = models.PositiveIntegerField()
    histogram = models.JSONField(default=dict)
    errors = models.JSONField(default=dict)
    measured_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workflow", "day", "step_id"], name="workflows_stepday_each_day_once"),
        ]
        indexes = [models.Index(fields=["day"], name="workflows_stepday_day")]

    def __str__(self) -> str:
        return f"{self.workflow_id} {self.day} {self.step_id}"
