"""The record of current versions begins with what is current now, and is append-only from here on."""

from django.db import migrations

FILL = """
INSERT INTO workflows_versionchange (id, workflow_id, version_id, kind, at)
SELECT gen_random_uuid(), w.id, v.id, 'published', v.created_at
FROM workflows_workflow w JOIN workflows_workflowversion v ON v.id = w.current_id
"""
GUARD = """
CREATE TRIGGER workflows_versionchange_is_append_only BEFORE UPDATE ON workflows_versionchange FOR EACH ROW
EXECUTE FUNCTION workflows_refuse('the record of current versions is append-only');
"""
DROP = "DROP TRIGGER workflows_versionchange_is_append_only ON workflows_versionchange;"


class Migration(migrations.Migration):
    dependencies = [("workflows", "0003_keep_versions_secrets_and_children")]

    operations = [
        migrations.RunSQL(sql=FILL, reverse_sql=migrations.RunSQL.noop),
        migrations.RunSQL(sql=GUARD, reverse_sql=DROP),
    ]
