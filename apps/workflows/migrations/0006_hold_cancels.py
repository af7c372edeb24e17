"""A cancelled run stands still for a few seconds before it ends, so that the cancel can be taken back."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("workflows", "0005_drafts"),
    ]

    operations = [
        migrations.CreateModel(
            name="HeldCancel",
            fields=[
                ("decided_by", models.BigIntegerField(help_text="User id.")),
                ("effective_at", models.DateTimeField()),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "run",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="held_cancel",
                        serialize=False,
                        to="workflows.run",
                    ),
                ),
                ("reason", models.CharField(max_length=500)),
            ],
            options={
                "abstract": False,
            },
        ),
    ]
