"""The database refuses illegal moves of work items, changes of finished ones and falling fences; storage is set for churn."""

from django.db import migrations

LEGAL = """(OLD.state || '>' || NEW.state) IN (
    'ready>ready', 'ready>running', 'ready>dead', 'ready>cancelled',
    'running>running', 'running>ready', 'running>waiting', 'running>review', 'running>done', 'running>dead', 'running>cancelled',
    'waiting>waiting', 'waiting>ready', 'waiting>dead', 'waiting>cancelled',
    'review>review', 'review>ready', 'review>done', 'review>cancelled',
    'dead>ready')"""

FENCED = """NEW.fence >= OLD.fence
    AND (NEW.fence > OLD.fence OR NOT (OLD.state = 'ready' AND NEW.state = 'running'))
    AND (NEW.fence > OLD.fence OR OLD.state <> 'running' OR NEW.owner IS NULL OR NEW.owner = OLD.owner)"""

SAME = "NEW.id = OLD.id AND NEW.tenant_id = OLD.tenant_id AND NEW.kind = OLD.kind AND NEW.ref = OLD.ref"

# The condition is evaluated without calling a function; only a refused move pays for one.
FORWARDS = f"""
CREATE FUNCTION public.dispatch_refuse_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'work item %: move from % (fence %) to % (fence %) is not legal', OLD.id, OLD.state, OLD.fence,
        NEW.state, NEW.fence USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'dispatch_workitem_legal_moves';
END $$;
CREATE TRIGGER dispatch_workitem_legal_moves BEFORE UPDATE ON public.dispatch_workitem
    FOR EACH ROW WHEN (NOT ({LEGAL} AND {FENCED} AND {SAME})) EXECUTE FUNCTION public.dispatch_refuse_move();

CREATE FUNCTION public.dispatch_refuse_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'work item % is % and cannot be deleted', OLD.id, OLD.state
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'dispatch_workitem_live_stays';
END $$;
CREATE TRIGGER dispatch_workitem_live_stays BEFORE DELETE ON public.dispatch_workitem
    FOR EACH ROW WHEN (OLD.state NOT IN ('done', 'dead', 'cancelled')) EXECUTE FUNCTION public.dispatch_refuse_delete();

ALTER TABLE public.dispatch_workitem SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01,
    autovacuum_vacuum_threshold = 1000, autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE public.dispatch_tenantqueue SET (fillfactor = 20, autovacuum_vacuum_scale_factor = 0.01,
    autovacuum_vacuum_threshold = 200);
ALTER TABLE public.dispatch_worker SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01,
    autovacuum_vacuum_threshold = 200);
ALTER TABLE public.dispatch_firing SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
"""  # noqa: S608 - constants of this module

BACKWARDS = """
DROP TRIGGER dispatch_workitem_legal_moves ON public.dispatch_workitem;
DROP TRIGGER dispatch_workitem_live_stays ON public.dispatch_workitem;
DROP FUNCTION public.dispatch_refuse_move();
DROP FUNCTION public.dispatch_refuse_delete();
ALTER TABLE public.dispatch_workitem RESET (fillfactor, autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold,
    autovacuum_analyze_scale_factor, autovacuum_vacuum_cost_delay);
ALTER TABLE public.dispatch_tenantqueue RESET (fillfactor, autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold);
ALTER TABLE public.dispatch_worker RESET (fillfactor, autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold);
ALTER TABLE public.dispatch_firing RESET (fillfactor, autovacuum_vacuum_scale_factor);
"""


class Migration(migrations.Migration):
    dependencies = [("dispatch", "0001_initial")]

    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
