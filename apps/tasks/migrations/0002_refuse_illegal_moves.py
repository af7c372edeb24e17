"""The database refuses illegal moves of tasks and changes of a decision; the table is that of ``lifecycle.LEGAL_MOVES``."""

from django.db import migrations

LEGAL = """OLD.state = NEW.state OR (OLD.state || '>' || NEW.state) IN (
    'new>running', 'new>review', 'new>done', 'new>failed', 'new>cancelled',
    'running>review', 'running>done', 'running>failed', 'running>cancelled',
    'review>running', 'review>done', 'review>failed', 'review>cancelled',
    'failed>running', 'failed>cancelled')"""

# The condition is evaluated without calling a function; only a refused move pays for one.
FORWARDS = f"""
CREATE FUNCTION tasks_refuse_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% %: this change of state is not legal', TG_TABLE_NAME, OLD.id
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME;
END $$;
CREATE TRIGGER tasks_task_legal_moves BEFORE UPDATE ON tasks_task
    FOR EACH ROW WHEN (NOT ({LEGAL})) EXECUTE FUNCTION tasks_refuse_move();
CREATE TRIGGER tasks_task_result_stays BEFORE UPDATE ON tasks_task
    FOR EACH ROW WHEN (OLD.state = 'done' AND NEW.result <> OLD.result) EXECUTE FUNCTION tasks_refuse_move();
CREATE TRIGGER tasks_reviewitem_decision_stays BEFORE UPDATE ON tasks_reviewitem
    FOR EACH ROW WHEN (OLD.state <> 'open' AND (NEW.state, NEW.decision, NEW.edited_text) <> (OLD.state, OLD.decision, OLD.edited_text))
    EXECUTE FUNCTION tasks_refuse_move();
"""

BACKWARDS = """
DROP TRIGGER tasks_reviewitem_decision_stays ON tasks_reviewitem;
DROP TRIGGER tasks_task_result_stays ON tasks_task;
DROP TRIGGER tasks_task_legal_moves ON tasks_task;
DROP FUNCTION tasks_refuse_move();
"""


class Migration(migrations.Migration):
    dependencies = [("tasks", "0001_initial")]

    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
