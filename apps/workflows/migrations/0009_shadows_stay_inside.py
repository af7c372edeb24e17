"""What no code may do with the shadow of a run: send its effects, or turn it into a real run."""

from django.db import migrations

STAYS_INSIDE = """
CREATE FUNCTION workflows_shadow_stays_inside() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM workflows_run r JOIN workflows_whatif w ON w.id = r.what_if_id
        WHERE r.id = NEW.run_id AND NOT (
            w.pays AND w.held_micros <= w.cap_micros AND NEW.effect_class = 'metered' AND starts_with(NEW.type, 'ai.')
        )
    ) THEN
        RAISE EXCEPTION 'the shadow of a run sends nothing' USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER workflows_effect_shadow_is_born_inside BEFORE INSERT ON workflows_effect FOR EACH ROW
WHEN (NEW.state IN ('sending', 'unknown', 'review') OR NEW.sends > 0 OR NEW.sent_at IS NOT NULL)
EXECUTE FUNCTION workflows_shadow_stays_inside();
CREATE TRIGGER workflows_effect_shadow_stays_inside BEFORE UPDATE ON workflows_effect FOR EACH ROW
WHEN (NEW.state IN ('sending', 'unknown', 'review') AND NEW.state <> OLD.state OR NEW.sends <> OLD.sends
      OR NEW.run_id <> OLD.run_id)
EXECUTE FUNCTION workflows_shadow_stays_inside();
CREATE TRIGGER workflows_run_shadow_stays_one BEFORE UPDATE OF what_if_id, replay_of, key_run_id ON workflows_run FOR EACH ROW
WHEN (OLD.what_if_id IS DISTINCT FROM NEW.what_if_id)
EXECUTE FUNCTION workflows_refuse('the shadow of a run stays a shadow, and a run never becomes one');
CREATE TRIGGER workflows_whatif_ended_stays_ended BEFORE UPDATE ON workflows_whatif FOR EACH ROW
WHEN (OLD.state <> 'running' AND OLD.state <> NEW.state OR OLD.pays <> NEW.pays OR OLD.cap_micros <> NEW.cap_micros
      OR OLD.definition <> NEW.definition)
EXECUTE FUNCTION workflows_refuse('a comparison keeps what it was asked, and an ended one stays ended');
"""
DROP = """
DROP TRIGGER workflows_whatif_ended_stays_ended ON workflows_whatif;
DROP TRIGGER workflows_run_shadow_stays_one ON workflows_run;
DROP TRIGGER workflows_effect_shadow_stays_inside ON workflows_effect;
DROP TRIGGER workflows_effect_shadow_is_born_inside ON workflows_effect;
DROP FUNCTION workflows_shadow_stays_inside();
"""


class Migration(migrations.Migration):
    dependencies = [("workflows", "0008_what_if")]

    operations = [migrations.RunSQL(sql=STAYS_INSIDE, reverse_sql=DROP)]
