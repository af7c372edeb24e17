"""Schedules without a leader: any worker fires what is due."""

# One row for each schedule and tenant that should have one; the first instant is spread over the interval.
PLANT = """
INSERT INTO public.dispatch_firing (schedule_id, tenant_id, next_at)
SELECT s.name, t.tenant_id, clock_timestamp() + random() * least(s.every_s, 3600) * interval '1 second'
FROM public.dispatch_scheduleentry s JOIN public.dispatch_tenantqueue t ON s.scope = 'tenant' OR t.is_operator
ON CONFLICT (schedule_id, tenant_id) DO NOTHING
"""
PLANT_FOR = PLANT.replace("ON CONFLICT", "WHERE t.tenant_id = %(tenant_id)s ON CONFLICT")

# Insert and advance in one statement. The dedupe key names the scheduled instant, not the moment of firing, and the next
# instant counts from the scheduled one, so two firing workers, or none for hours, end in the same set of items.
FIRE = """
WITH due AS (
    SELECT f.id, f.schedule_id, f.tenant_id, f.next_at, s.kind, s.queue, s.every_s, s.overlap, s.timeout_s, t.epoch,
           s.enabled AND t.paused_at IS NULL AS active
    FROM public.dispatch_firing f
    JOIN public.dispatch_scheduleentry s ON s.name = f.schedule_id
    JOIN public.dispatch_tenantqueue t ON t.tenant_id = f.tenant_id
    WHERE f.next_at <= (SELECT clock_timestamp())
    ORDER BY f.next_at LIMIT %(page)s FOR UPDATE OF f SKIP LOCKED
), fired AS (
    INSERT INTO public.dispatch_workitem
        (tenant_id, epoch, kind, ref, queue, priority, state, run_at, parked, fence, timeout_s, attempt, max_attempts, losses,
         nudges, seen_nudges, again, dedupe_key, cost, error_code, evidence, enqueued_at)
    SELECT d.tenant_id, d.epoch, d.kind, d.schedule_id, d.queue, 100, 'ready', clock_timestamp(), false, 0, d.timeout_s, 0, 8, 0,
           0, 0, false,
           d.schedule_id || '@' || to_char(d.next_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
           1, '', '{}', clock_timestamp()
    FROM due d
    WHERE d.active AND (d.overlap OR NOT EXISTS (
        SELECT 1 FROM public.dispatch_workitem w
        WHERE w.tenant_id = d.tenant_id AND w.kind = d.kind AND w.ref = d.schedule_id
          AND w.state IN ('ready', 'running', 'waiting', 'review')))
    ON CONFLICT (tenant_id, kind, dedupe_key) WHERE state IN ('ready', 'running', 'waiting', 'review') AND NOT dedupe_key = ''
    DO NOTHING RETURNING tenant_id
), advanced AS (
    UPDATE public.dispatch_firing f
    SET fired_for = d.next_at,
        next_at = d.next_at + d.every_s * interval '1 second'
                  * greatest(1, ceil(extract(epoch FROM clock_timestamp() - d.next_at) / d.every_s))
    FROM due d WHERE f.id = d.id RETURNING f.id
)
SELECT (SELECT count(*) FROM fired), (SELECT count(*) FROM advanced)
"""

# Staff's own interval stays until the interval in code changes; names that left the code are removed.
SYNC = """
INSERT INTO public.dispatch_scheduleentry (name, kind, scope, queue, default_every_s, every_s, overlap, timeout_s, enabled)
SELECT v.name, v.kind, v.scope, v.queue, v.every_s, v.every_s, v.overlap, v.timeout_s, true
FROM unnest(%(names)s::text[], %(kinds)s::text[], %(scopes)s::text[], %(queues)s::text[], %(everys)s::float8[],
            %(overlaps)s::bool[], %(timeouts)s::float8[]) AS v(name, kind, scope, queue, every_s, overlap, timeout_s)
ON CONFLICT (name) DO UPDATE SET
    kind = excluded.kind, scope = excluded.scope, queue = excluded.queue, overlap = excluded.overlap,
    timeout_s = excluded.timeout_s, default_every_s = excluded.default_every_s,
    every_s = CASE WHEN dispatch_scheduleentry.default_every_s = excluded.default_every_s
                   THEN dispatch_scheduleentry.every_s ELSE excluded.every_s END
"""
