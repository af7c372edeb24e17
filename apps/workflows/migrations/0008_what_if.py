"""Questions about past runs, and their shadows."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import apps.core.ids


class Migration(migrations.Migration):
    dependencies = [
        ("workflows", "0007_triggers"),
    ]

    operations = [
        migrations.CreateModel(
            name="WhatIfRun",
            fields=[
                (
                    "id",
                    models.UUIDField(default=apps.core.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "verdict",
                    models.CharField(
                        choices=[
                            ("better", "Better"),
                            ("same", "The same"),
                            ("changed", "Changed"),
                            ("worse", "Worse"),
                            ("failed", "Would fail"),
                            ("open", "Cannot be told"),
                        ],
                        db_default="",
                        max_length=10,
                    ),
                ),
                ("before", models.JSONField(default=dict)),
                ("after", models.JSONField(default=dict)),
                ("changes", models.JSONField(default=list)),
                ("answers", models.JSONField(default=dict)),
                ("held_micros", models.BigIntegerField(db_default=0)),
                ("judged_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="WhatIf",
            fields=[
                (
                    "id",
                    models.UUIDField(default=apps.core.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("title", models.CharField(max_length=160)),
                ("version_number", models.PositiveIntegerField(null=True)),
                ("definition", models.JSONField()),
                ("model", models.CharField(db_default="", max_length=120)),
                ("pays", models.BooleanField(db_default=False)),
                ("cap_micros", models.BigIntegerField(db_default=0)),
                ("held_micros", models.BigIntegerField(db_default=0)),
                ("selection", models.JSONField(default=dict)),
                (
                    "state",
                    models.CharField(
                        choices=[("running", "Running"), ("done", "Done"), ("cancelled", "Cancelled")],
                        db_default="running",
                        max_length=10,
                    ),
                ),
                ("created_by", models.BigIntegerField(null=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("finished_at", models.DateTimeField(null=True)),
                (
                    "workflow",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="what_ifs", to="workflows.workflow"
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="run",
            name="what_if",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="workflows.whatif",
            ),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                condition=models.Q(("what_if__isnull", False)), fields=["what_if"], name="workflows_run_shadows"
            ),
        ),
        migrations.AddConstraint(
            model_name="run",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("what_if__isnull", True), models.Q(("trigger", "whatif"), _negated=True)),
                    models.Q(
                        ("idempotency_key", ""),
                        ("key_run_id", models.F("id")),
                        ("parent_id__isnull", True),
                        ("replay_of__isnull", False),
                        ("subject_id", ""),
                        ("trigger", "whatif"),
                        ("what_if__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="workflows_run_shadow_stands_alone",
            ),
        ),
        migrations.AddField(
            model_name="whatifrun",
            name="origin",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="workflows.run"),
        ),
        migrations.AddField(
            model_name="whatifrun",
            name="shadow",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE, related_name="looks_at", to="workflows.run"
            ),
        ),
        migrations.AddField(
            model_name="whatifrun",
            name="what_if",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="runs", to="workflows.whatif"
            ),
        ),
        migrations.AddConstraint(
            model_name="whatif",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["running", "done", "cancelled"])),
                name="workflows_whatif_state_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="whatif",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("finished_at__isnull", True), ("state", "running")),
                    models.Q(models.Q(("state", "running"), _negated=True), ("finished_at__isnull", False)),
                    _connector="OR",
                ),
                name="workflows_whatif_finished_at_when_ended",
            ),
        ),
        migrations.AddConstraint(
            model_name="whatif",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("cap_micros", 0), ("pays", False)),
                    models.Q(("cap_micros__gt", 0), ("pays", True)),
                    _connector="OR",
                ),
                name="workflows_whatif_pays_within_a_cap",
            ),
        ),
        migrations.AddConstraint(
            model_name="whatifrun",
            constraint=models.UniqueConstraint(fields=("what_if", "origin"), name="workflows_whatifrun_each_run_once"),
        ),
        migrations.AddConstraint(
            model_name="whatifrun",
            constraint=models.CheckConstraint(
                condition=models.Q(("verdict__in", ["", "better", "same", "changed", "worse", "failed", "open"])),
                name="workflows_whatifrun_verdict_known",
            ),
        ),
    ]
