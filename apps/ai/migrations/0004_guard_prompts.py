"""Triggers for what no code may do: change a published wording, or the record of which version was current."""

from django.db import migrations

GUARD = """
CREATE FUNCTION ai_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END $$;
CREATE TRIGGER ai_promptversion_is_immutable BEFORE UPDATE ON ai_promptversion FOR EACH ROW
WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION ai_refuse('a version of a prompt never changes');
CREATE TRIGGER ai_promptchange_is_append_only BEFORE UPDATE ON ai_promptchange FOR EACH ROW
EXECUTE FUNCTION ai_refuse('the record of current versions is append-only');
"""
DROP = """
DROP TRIGGER ai_promptversion_is_immutable ON ai_promptversion;
DROP TRIGGER ai_promptchange_is_append_only ON ai_promptchange;
DROP FUNCTION ai_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("ai", "0003_keep_prompts")]

    operations = [migrations.RunSQL(sql=GUARD, reverse_sql=DROP)]
