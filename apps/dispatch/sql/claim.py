"""Claiming: promote what has come due, survey who has work, take a fair batch."""

PROMOTE = """
UPDATE public.dispatch_workitem SET state = 'ready', parked = false
WHERE id IN (
    SELECT id FROM public.dispatch_workitem
    WHERE parked AND run_at <= (SELECT clock_timestamp())
    ORDER BY run_at LIMIT $1 FOR UPDATE SKIP LOCKED
)
"""

# A loose index scan over (kind, queue, tenant): one probe for each tenant with work, however long its backlog.
SURVEY = """
WITH RECURSIVE heads AS (
    SELECT k.kind, q.queue, h.tenant_id, h.cost
    FROM unnest($1::text[]) AS k(kind) CROSS JOIN unnest($2::text[]) AS q(queue)
    CROSS JOIN LATERAL (
        SELECT w.tenant_id, w.cost FROM public.dispatch_workitem w
        WHERE w.state = 'ready' AND NOT w.parked AND w.kind = k.kind AND w.queue = q.queue
        ORDER BY w.tenant_id, w.priority, w.run_at, w.id LIMIT 1
    ) h
    UNION ALL
    SELECT heads.kind, heads.queue, n.tenant_id, n.cost
    FROM heads CROSS JOIN LATERAL (
        SELECT w.tenant_id, w.cost FROM public.dispatch_workitem w
        WHERE w.state = 'ready' AND NOT w.parked AND w.kind = heads.kind AND w.queue = heads.queue
          AND w.tenant_id > heads.tenant_id
        ORDER BY w.tenant_id, w.priority, w.run_at, w.id LIMIT 1
    ) n
)
SELECT heads.kind, heads.queue, heads.tenant_id, heads.cost, t.vtime, t.weight,
       t.max_in_flight - (SELECT count(*) FROM public.dispatch_workitem r
                          WHERE r.tenant_id = t.tenant_id AND r.state = 'running') AS free,
       (SELECT max(last_tag) FROM public.dispatch_tenantqueue) AS clock
FROM heads JOIN public.dispatch_tenantqueue t ON t.tenant_id = heads.tenant_id
WHERE t.paused_at IS NULL
"""

# Runs in one implicit transaction with TAKE. Claims of one tenant take turns, so the count of running items in TAKE, whose
# snapshot is younger than the lock, is exact. A tenant somebody else holds is skipped, not waited for.
HOLD = """
SELECT set_config('dispatch.held', coalesce('{' || string_agg(held.tenant_id::text, ',') || '}', '{}'), true)
FROM (SELECT tenant_id FROM public.dispatch_tenantqueue WHERE tenant_id = ANY($1::bigint[]) AND paused_at IS NULL
      ORDER BY tenant_id FOR NO KEY UPDATE SKIP LOCKED) held
"""

# The update joins on the id alone: ``picked`` holds the rows' locks, and naming the state again would invite the planner to walk
# the partial indexes, whose statistics are stale whenever a backlog has just arrived.
TAKE = """
WITH quota AS (
    SELECT * FROM unnest($2::text[], $3::text[], $4::bigint[], $5::int[], $6::int[])
        AS q(kind, queue, tenant_id, wanted, before)
), held AS (
    SELECT t.tenant_id, t.schema_name, t.epoch,
           t.max_in_flight - (SELECT count(*) FROM public.dispatch_workitem r
                              WHERE r.tenant_id = t.tenant_id AND r.state = 'running') AS free
    FROM public.dispatch_tenantqueue t
    WHERE t.tenant_id = ANY(current_setting('dispatch.held')::bigint[])
      AND EXISTS (SELECT 1 FROM public.dispatch_worker k
                  WHERE k.incarnation = $1 AND NOT k.draining AND k.lease_until > clock_timestamp())
), picked AS (
    SELECT p.id, h.schema_name, h.tenant_id
    FROM quota q JOIN held h ON h.tenant_id = q.tenant_id
    CROSS JOIN LATERAL (
        SELECT w.id FROM public.dispatch_workitem w
        WHERE w.state = 'ready' AND NOT w.parked AND w.kind = q.kind AND w.queue = q.queue
          AND w.tenant_id = q.tenant_id AND w.epoch = h.epoch
        ORDER BY w.tenant_id, w.priority, w.run_at, w.id
        LIMIT greatest(0, least(q.wanted, h.free - q.before)) FOR UPDATE SKIP LOCKED
    ) p
), taken AS (
    UPDATE public.dispatch_workitem w
    SET state = 'running', fence = w.fence + 1, owner = $1, attempt = w.attempt + 1, seen_nudges = w.nudges,
        claimed_at = clock_timestamp(), deadline_at = clock_timestamp() + (w.timeout_s + $8) * interval '1 second'
    FROM picked p WHERE w.id = p.id
    RETURNING w.id, w.tenant_id, p.schema_name, w.epoch, w.kind, w.ref, w.fence, w.attempt, w.losses, w.nudges,
              w.deadline_at, w.enqueued_at, w.queue, w.max_attempts, w.cost, w.priority,
              extract(epoch FROM w.claimed_at - w.run_at)::float8 AS waited_s
), charged AS (
    UPDATE public.dispatch_tenantqueue t
    SET vtime = greatest(t.vtime, $7) + s.spent / t.weight,
        last_tag = greatest(t.vtime, $7) + (s.spent - s.last_cost) / t.weight
    FROM (SELECT tenant_id, sum(cost) AS spent, max(cost) AS last_cost FROM taken GROUP BY tenant_id) s
    WHERE t.tenant_id = s.tenant_id
)
SELECT id, tenant_id, schema_name, epoch, kind, ref, fence, attempt, losses, nudges, deadline_at, enqueued_at, queue,
       max_attempts, waited_s
FROM taken ORDER BY priority, id
"""

PREPARED = {
    "dispatch_promote": ("int", PROMOTE),
    "dispatch_survey": ("text[], text[]", SURVEY),
    "dispatch_hold": ("bigint[]", HOLD),
    "dispatch_take": ("uuid, text[], text[], bigint[], int[], int[], float8, float8", TAKE),
}

PROMOTE_AND_SURVEY = "EXECUTE dispatch_promote(%(page)s); EXECUTE dispatch_survey(%(kinds)s, %(queues)s)"
HOLD_AND_TAKE = """
EXECUTE dispatch_hold(%(tenants)s);
EXECUTE dispatch_take(%(worker)s, %(kinds)s, %(queues)s, %(tenants)s, %(wanted)s, %(before)s, %(floor)s, %(grace)s)
"""
