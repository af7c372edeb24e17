"""Figures computed from the tasks."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now


class JobMetric(models.Model):
    """Figures of one day (UTC), task type and client, computed from the tasks and never counted up by hand."""

    day = models.DateField()
    task_type = models.SlugField(max_length=40)
    client = models.CharField(max_length=120, blank=True)
    submitted = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    to_person = models.PositiveIntegerField(default=0)
    passed_first_time = models.PositiveIntegerField(default=0)
    duration_ms_p50 = models.PositiveIntegerField(null=True)
    duration_ms_p95 = models.PositiveIntegerField(null=True)
    tokens = models.BigIntegerField(default=0)
    cost_micros = models.BigIntegerField(default=0)
    score_avg = models.FloatField(null=True)
    computed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["day", "task_type", "client"], name="tasks_jobmetric_once_per_day_type_client"
            ),
            models.CheckConstraint(
                condition=Q(passed_first_time__lte=F("done")), name="tasks_jobmetric_first_time_within_done"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.task_type}"
