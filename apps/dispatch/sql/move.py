"""Moves of items: enqueue, settle, release, nudge, cancel, redrive, review."""

# Several arms below depend on what becomes of the item, so the conditions are named once. ``v`` is the settlement, ``w`` the row
# as it stands when its lock is held.
_NUDGED = "(v.target IN ('waiting', 'review') AND w.nudges > w.seen_nudges)"
_RERUN = "(v.target = 'done' AND w.again)"
_SPENT = "(v.target = 'ready' AND v.error_code <> '' AND v.counted AND w.attempt >= w.max_attempts)"
_FINAL = f"({_SPENT} OR (v.target IN ('done', 'dead', 'cancelled') AND NOT {_RERUN}))"
_PARKED = f"(v.delay_s > 0 AND v.target IN ('ready', 'waiting') AND NOT {_NUDGED} AND NOT {_SPENT})"

# The state is compared as an expression so that rows are found by id and never by a partial index with stale statistics.
SETTLE = f"""
UPDATE public.dispatch_workitem w SET
    state = CASE WHEN {_NUDGED} OR {_RERUN} THEN 'ready' WHEN {_SPENT} THEN 'dead' ELSE v.target END,
    parked = {_PARKED},
    run_at = CASE WHEN v.target = 'running' OR {_FINAL} THEN w.run_at
                  WHEN {_PARKED} THEN clock_timestamp() + v.delay_s * interval '1 second'
                  ELSE clock_timestamp() END,
    owner = CASE WHEN v.target = 'running' THEN w.owner END,
    deadline_at = CASE WHEN v.target = 'running' THEN clock_timestamp() + v.keep_s * interval '1 second' END,
    attempt = CASE WHEN {_RERUN} THEN 0
                   WHEN v.target <> 'running' AND (v.target = 'waiting' OR NOT v.counted) THEN greatest(w.attempt - 1, 0)
                   ELSE w.attempt END,
    again = w.again AND v.target = 'running',
    error_code = CASE WHEN v.target = 'running' THEN w.error_code ELSE v.error_code END,
    evidence = w.evidence || v.evidence,
    finished_at = CASE WHEN {_FINAL} THEN clock_timestamp() END
FROM unnest(%(ids)s::bigint[], %(fences)s::bigint[], %(targets)s::text[], %(delays)s::float8[], %(counted)s::bool[],
            %(errors)s::text[], %(evidence)s::jsonb[], %(keeps)s::float8[])
    AS v(id, fence, target, delay_s, counted, error_code, evidence, keep_s)
WHERE w.id = v.id AND w.fence = v.fence AND w.state || '' = 'running'
  AND EXISTS (SELECT 1 FROM public.dispatch_tenantqueue t WHERE t.tenant_id = w.tenant_id AND t.epoch = w.epoch)
RETURNING w.id, w.state
"""  # noqa: S608 - constants of this module

# Given back before it was done (shutdown): not an attempt, and the old fence is void.
RELEASE = """
UPDATE public.dispatch_workitem w
SET state = 'ready', fence = w.fence + 1, owner = NULL, deadline_at = NULL, attempt = greatest(w.attempt - 1, 0)
WHERE w.owner = %(worker)s AND w.state = 'running'
RETURNING w.id
"""

RELEASE_THESE = RELEASE.replace(
    "WHERE",
    "FROM unnest(%(ids)s::bigint[], %(fences)s::bigint[]) AS v(id, fence) WHERE w.id = v.id AND w.fence = v.fence AND",
)

ENQUEUE = """
INSERT INTO public.dispatch_workitem
    (tenant_id, epoch, kind, ref, queue, priority, state, run_at, parked, fence, timeout_s, attempt, max_attempts, losses,
     nudges, seen_nudges, again, dedupe_key, cost, error_code, evidence, enqueued_at)
SELECT t.tenant_id, t.epoch, v.kind, v.ref, v.queue, v.priority, 'ready',
       coalesce(v.run_at, c.now + v.delay_s * interval '1 second'), coalesce(v.run_at > c.now, v.delay_s > 0), 0, v.timeout_s, 0,
       v.max_attempts, 0, 0, 0, false, v.dedupe_key, v.cost, '', '{}', c.now
FROM unnest(%(kinds)s::text[], %(refs)s::text[], %(queues)s::text[], %(priorities)s::int[], %(run_ats)s::timestamptz[],
            %(delays)s::float8[], %(dedupe_keys)s::text[], %(timeouts)s::float8[], %(max_attempts)s::int[], %(costs)s::float8[])
        WITH ORDINALITY AS v(kind, ref, queue, priority, run_at, delay_s, dedupe_key, timeout_s, max_attempts, cost, place)
    CROSS JOIN (SELECT clock_timestamp() AS now) c
    JOIN public.dispatch_tenantqueue t ON t.tenant_id = %(tenant_id)s
ORDER BY v.place
"""
ENQUEUE_PLAIN = ENQUEUE + " RETURNING id"
ENQUEUE_DEDUPED = (
    ENQUEUE
    + """
ON CONFLICT (tenant_id, kind, dedupe_key) WHERE state IN ('ready', 'running', 'waiting', 'review') AND NOT dedupe_key = ''
DO NOTHING RETURNING id
"""
)
# Locks the duplicate until the caller commits, so that it cannot end in between without taking notice.
LIVE_DUPLICATE = """
UPDATE public.dispatch_workitem SET again = again OR (%(again)s AND state = 'running')
WHERE tenant_id = %(tenant_id)s AND kind = %(kind)s AND dedupe_key = %(dedupe_key)s
  AND state IN ('ready', 'running', 'waiting', 'review') RETURNING id
"""
FIND_DUPLICATE = """
SELECT id FROM public.dispatch_workitem
WHERE tenant_id = %(tenant_id)s AND kind = %(kind)s AND dedupe_key = %(dedupe_key)s
  AND state IN ('ready', 'running', 'waiting', 'review')
"""

NUDGE = """
UPDATE public.dispatch_workitem SET
    nudges = nudges + 1,
    run_at = CASE WHEN state = 'waiting' THEN clock_timestamp() ELSE run_at END,
    parked = parked AND state <> 'waiting',
    state = CASE WHEN state = 'waiting' THEN 'ready' ELSE state END
WHERE tenant_id = %(tenant_id)s AND kind = %(kind)s AND ref = %(ref)s
  AND state IN ('ready', 'running', 'waiting', 'review')
RETURNING state
"""

CANCEL = """
UPDATE public.dispatch_workitem
SET state = 'cancelled', fence = fence + 1, owner = NULL, deadline_at = NULL, parked = false, finished_at = clock_timestamp(),
    error_code = 'cancelled', evidence = evidence || jsonb_build_object('cancelled', %(reason)s::text)
WHERE tenant_id = %(tenant_id)s AND kind = %(kind)s AND ref = %(ref)s
  AND state IN ('ready', 'running', 'waiting', 'review')
RETURNING id
"""

CANCEL_ONE = CANCEL.replace("tenant_id = %(tenant_id)s AND kind = %(kind)s AND ref = %(ref)s", "id = %(id)s")

# Shares the tenant's row so that a new epoch started meanwhile is either seen here or voids the item.
REDRIVE = """
UPDATE public.dispatch_workitem w
SET state = 'ready', fence = fence + 1, attempt = 0, losses = 0, lost_at = NULL, parked = false, finished_at = NULL,
    epoch = t.epoch, run_at = clock_timestamp(),
    evidence = w.evidence || jsonb_build_object('redriven', jsonb_build_object('by', %(actor)s::text, 'reason', %(reason)s::text,
                                                                            'at', clock_timestamp()))
FROM (SELECT epoch FROM public.dispatch_tenantqueue
      WHERE tenant_id = (SELECT d.tenant_id FROM public.dispatch_workitem d WHERE d.id = %(id)s) FOR SHARE) t
WHERE w.id = %(id)s AND w.state = 'dead'
RETURNING w.id
"""

RESOLVE_REVIEW = """
UPDATE public.dispatch_workitem
SET state = %(target)s, run_at = clock_timestamp(),
    finished_at = CASE WHEN %(target)s IN ('done', 'cancelled') THEN clock_timestamp() END,
    evidence = evidence || jsonb_build_object('review', jsonb_build_object('by', %(actor)s::text, 'reason', %(reason)s::text))
WHERE tenant_id = %(tenant_id)s AND kind = %(kind)s AND ref = %(ref)s AND state = 'review'
RETURNING id
"""
