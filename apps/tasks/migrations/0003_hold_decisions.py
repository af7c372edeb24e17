"""A decision rests for a few seconds before it takes effect, so that it can be taken back."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

DECISIONS = [("approve", "Approve"), ("revise", "Ask for another version"), ("reject", "Reject")]


class Migration(migrations.Migration):
    dependencies = [("tasks", "0002_refuse_illegal_moves")]

    operations = [
        migrations.CreateModel(
            name="HeldDecision",
            fields=[
                (
                    "review",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="held",
                        serialize=False,
                        to="tasks.reviewitem",
                    ),
                ),
                ("decision", models.CharField(choices=DECISIONS, max_length=16)),
                ("edited_text", models.TextField(blank=True, null=True)),
                ("note", models.TextField(blank=True)),
                ("decided_by", models.BigIntegerField(help_text="User id.")),
                ("effective_at", models.DateTimeField()),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(decision__in=["approve", "revise", "reject"]),
                        name="tasks_helddecision_is_a_decision",
                    )
                ],
            },
        ),
    ]
