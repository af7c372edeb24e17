"""Triggers for what no code may do: change a published version, revive an ended run, undo a fact about the world or the ledger."""

from django.db import migrations

REFUSE = """
CREATE FUNCTION workflows_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END $$;
"""
VERSION = """
CREATE TRIGGER workflows_workflowversion_is_immutable BEFORE UPDATE ON workflows_workflowversion FOR EACH ROW
WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION workflows_refuse('a workflow version never changes');
"""
RUN = """
CREATE TRIGGER workflows_run_ended_stays_ended BEFORE UPDATE ON workflows_run FOR EACH ROW
WHEN (OLD.state IN ('succeeded', 'cancelled') AND OLD.state <> NEW.state OR OLD.state = 'failed' AND NEW.state NOT IN ('failed', 'running'))
EXECUTE FUNCTION workflows_refuse('a run that has ended stays ended; only a failed one may be retried');
"""
EFFECT = """
CREATE TRIGGER workflows_effect_fact_stays BEFORE UPDATE ON workflows_effect FOR EACH ROW
WHEN (OLD.state = 'succeeded' AND (NEW.state <> OLD.state OR NEW.key <> OLD.key OR NEW.request_hash <> OLD.request_hash))
EXECUTE FUNCTION workflows_refuse('an effect that happened cannot be undone in the record');
CREATE TRIGGER workflows_effect_request_is_frozen BEFORE UPDATE ON workflows_effect FOR EACH ROW
WHEN (OLD.effect_class <> 'metered' AND OLD.request_hash <> NEW.request_hash)
EXECUTE FUNCTION workflows_refuse('the request of an effect is frozen with its intent');
"""
LEDGER = """
CREATE TRIGGER workflows_usageentry_is_append_only BEFORE UPDATE ON workflows_usageentry FOR EACH ROW
EXECUTE FUNCTION workflows_refuse('the meter ledger is append-only');
"""
DROP = """
DROP TRIGGER workflows_workflowversion_is_immutable ON workflows_workflowversion;
DROP TRIGGER workflows_run_ended_stays_ended ON workflows_run;
DROP TRIGGER workflows_effect_fact_stays ON workflows_effect;
DROP TRIGGER workflows_effect_request_is_frozen ON workflows_effect;
DROP TRIGGER workflows_usageentry_is_append_only ON workflows_usageentry;
DROP FUNCTION workflows_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("workflows", "0001_initial")]

    operations = [migrations.RunSQL(sql=REFUSE + VERSION + RUN + EFFECT + LEDGER, reverse_sql=DROP)]
