"""Who did what to which secret, and when it was last used."""

import django.db.models.functions.datetime
from django.db import migrations, models

import apps.core.ids

GUARD = """
CREATE TRIGGER workflows_secretchange_is_append_only BEFORE UPDATE OR DELETE ON workflows_secretchange FOR EACH ROW
EXECUTE FUNCTION workflows_refuse('the record of secrets is append-only');
"""
DROP = "DROP TRIGGER workflows_secretchange_is_append_only ON workflows_secretchange;"
# What there was before the record began.
FILL = """
INSERT INTO workflows_secretchange (id, name, kind, user_id, at)
SELECT gen_random_uuid(), name, 'added', created_by, created_at FROM workflows_secret
"""


class Migration(migrations.Migration):
    dependencies = [
        ("workflows", "0013_healing_and_analytics"),
    ]

    operations = [
        migrations.AddField(
            model_name="secret",
            name="replaced_by",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="secret",
            name="used_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.CreateModel(
            name="SecretChange",
            fields=[
                (
                    "id",
                    models.UUIDField(default=apps.core.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("name", models.CharField(max_length=60)),
                (
                    "kind",
                    models.CharField(
                        choices=[("added", "Added"), ("replaced", "Replaced"), ("deleted", "Deleted")], max_length=12
                    ),
                ),
                ("user_id", models.BigIntegerField(null=True)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "indexes": [models.Index(fields=["-at", "-id"], name="workflows_secretchange_latest")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["added", "replaced", "deleted"])),
                        name="workflows_secretchange_kind_is_known",
                    )
                ],
            },
        ),
        migrations.RunSQL(sql=FILL, reverse_sql=migrations.RunSQL.noop),
        migrations.RunSQL(sql=GUARD, reverse_sql=DROP),
    ]
