"""Proposed changes to failing workflows; sums per day for analytics."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import apps.core.ids


class Migration(migrations.Migration):
    dependencies = [
        ("workflows", "0012_suggestions_and_announcements"),
    ]

    operations = [
        migrations.CreateModel(
            name="HealingPolicy",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, editable=False, primary_key=True, serialize=False)),
                ("accepts_class_a", models.BooleanField(db_default=False)),
                ("changed_by", models.BigIntegerField(null=True)),
                ("changed_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="workflows_healingpolicy_is_one_row")
                ],
            },
        ),
        migrations.CreateModel(
            name="Proposal",
            fields=[
                (
                    "id",
                    models.UUIDField(default=apps.core.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("step_id", models.CharField(max_length=100)),
                ("error_code", models.CharField(max_length=80)),
                ("remedy", models.CharField(max_length=40)),
                (
                    "author",
                    models.CharField(
                        choices=[
                            ("catalogue", "The catalogue of remedies"),
                            ("model", "A model, checked by the validator"),
                        ],
                        db_default="catalogue",
                        max_length=10,
                    ),
                ),
                ("params", models.JSONField(default=dict)),
                ("reason", models.CharField(db_default="", max_length=500)),
                ("definition", models.JSONField(null=True)),
                ("risk_class", models.CharField(max_length=1)),
                ("failed_runs", models.PositiveIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("proving", "Being proven"),
                            ("proven", "Proven"),
                            ("hint", "Something to do by hand"),
                            ("refuted", "Did not help"),
                            ("accepted", "Accepted"),
                            ("dismissed", "Dismissed"),
                            ("undone", "Taken back"),
                        ],
                        max_length=10,
                    ),
                ),
                ("proof", models.JSONField(default=dict)),
                ("decided_by", models.BigIntegerField(null=True)),
                ("decided_at", models.DateTimeField(null=True)),
                ("note", models.CharField(db_default="", max_length=500)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "base",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="workflows.workflowversion",
                    ),
                ),
                (
                    "what_if",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="workflows.whatif"
                    ),
                ),
                (
                    "workflow",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="proposals",
                        to="workflows.workflow",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["workflow", "created_at"], name="workflows_proposal_when")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["proving", "proven", "hint"])),
                        fields=("workflow", "step_id", "error_code"),
                        name="workflows_proposal_one_open_per_error",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["proving", "proven", "hint", "refuted", "accepted", "dismissed", "undone"])
                        ),
                        name="workflows_proposal_state_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("risk_class__in", ["A", "B", "C"])),
                        name="workflows_proposal_class_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "accepted"), _negated=True),
                            models.Q(("decided_at__isnull", False), ("definition__isnull", False)),
                            _connector="OR",
                        ),
                        name="workflows_proposal_accepted_has_a_change",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="StepDay",
            fields=[
                (
                    "id",
                    models.UUIDField(default=apps.core.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("day", models.DateField()),
                ("step_id", models.CharField(db_default="", max_length=80)),
                ("runs", models.PositiveIntegerField()),
                ("succeeded", models.PositiveIntegerField()),
                ("failed", models.PositiveIntegerField()),
                ("still_open", models.PositiveIntegerField(db_default=0)),
                ("retries", models.PositiveIntegerField()),
                ("cost_micros", models.BigIntegerField()),
                ("working_ms", models.BigIntegerField()),
                ("waiting_ms", models.BigIntegerField()),
                ("score_sum", models.BigIntegerField()),
                ("score_count", models.PositiveIntegerField()),
                ("histogram", models.JSONField(default=dict)),
                ("errors", models.JSONField(default=dict)),
                ("measured_at", models.DateTimeField()),
                (
                    "workflow",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="workflows.workflow",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["day"], name="workflows_stepday_day")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("workflow", "day", "step_id"), name="workflows_stepday_each_day_once"
                    )
                ],
            },
        ),
    ]
