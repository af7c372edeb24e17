"""A worker's life: boot, heartbeat, end; and what all workers do for each other: sweeps, dead neighbours, pruning."""

BOOT = """
INSERT INTO public.dispatch_worker
    (incarnation, host, place, pid, pid_started, revision, kinds, slots, in_flight, started_at, beat_at, lease_until, draining)
VALUES (%(worker)s, %(host)s, %(place)s, %(pid)s, %(pid_started)s, %(revision)s, %(kinds)s, %(slots)s, 0, clock_timestamp(),
        clock_timestamp(), clock_timestamp() + %(lease)s * interval '1 second', false)
"""

# A lease that ran out is never renewed: others may hold our items by now.
HEARTBEAT = """
UPDATE public.dispatch_worker
SET beat_at = clock_timestamp(), lease_until = clock_timestamp() + %(lease)s * interval '1 second', in_flight = %(in_flight)s,
    draining = %(draining)s
WHERE incarnation = %(worker)s AND lease_until > clock_timestamp()
"""

OWNED = "SELECT id, fence FROM public.dispatch_workitem WHERE owner = %(worker)s AND state = 'running'"

END = """
UPDATE public.dispatch_worker SET lease_until = clock_timestamp(), draining = true, in_flight = 0
WHERE incarnation = %(worker)s
"""

NEIGHBOURS = """
SELECT incarnation, pid, pid_started FROM public.dispatch_worker
WHERE place = %(place)s AND incarnation <> %(worker)s AND lease_until > clock_timestamp()
"""
DECLARE_DEAD = """
UPDATE public.dispatch_worker SET lease_until = clock_timestamp() WHERE incarnation = %(dead)s AND lease_until > clock_timestamp()
"""

# What makes a running item sweepable: judged again on the row's newest version once its lock is held. An expired lease stays
# expired (see HEARTBEAT), so reading the worker's row without a lock cannot take an item from a living owner.
SWEEP_DUE = """
SELECT w.id, w.deadline_at,
       CASE WHEN k.incarnation IS NULL THEN 'owner_gone' WHEN k.lease_until <= clock_timestamp() THEN 'lease_expired'
            ELSE 'deadline_passed' END AS why,
       jsonb_build_object('why', CASE WHEN k.incarnation IS NULL THEN 'owner_gone'
                                      WHEN k.lease_until <= clock_timestamp() THEN 'lease_expired' ELSE 'deadline_passed' END,
                          'at', clock_timestamp(), 'worker', w.owner, 'host', k.host, 'pid', k.pid, 'fence', w.fence,
                          'attempt', w.attempt) AS loss
FROM public.dispatch_workitem w LEFT JOIN public.dispatch_worker k ON k.incarnation = w.owner
WHERE w.state = 'running'
  AND (k.incarnation IS NULL OR k.lease_until <= clock_timestamp() OR w.deadline_at <= clock_timestamp())
  AND (w.deadline_at, w.id) > (%(after_at)s::timestamptz, %(after_id)s)
ORDER BY w.deadline_at, w.id LIMIT %(page)s FOR UPDATE OF w SKIP LOCKED
"""

SWEEP = f"""
WITH due AS ({SWEEP_DUE})
UPDATE public.dispatch_workitem w SET
    fence = w.fence + 1, owner = NULL, deadline_at = NULL, lost_at = clock_timestamp(), run_at = clock_timestamp(),
    losses = CASE WHEN w.lost_at > clock_timestamp() - interval '24 hours' THEN w.losses + 1 ELSE 1 END,
    state = CASE WHEN w.lost_at > clock_timestamp() - interval '24 hours' AND w.losses + 1 >= %(max_losses)s THEN 'dead'
                 ELSE 'ready' END,
    finished_at = CASE WHEN w.lost_at > clock_timestamp() - interval '24 hours' AND w.losses + 1 >= %(max_losses)s
                       THEN clock_timestamp() END,
    error_code = CASE WHEN w.lost_at > clock_timestamp() - interval '24 hours' AND w.losses + 1 >= %(max_losses)s
                      THEN 'poison' ELSE w.error_code END,
    evidence = jsonb_set(w.evidence, '{{losses}}', coalesce(w.evidence -> 'losses', '[]') || due.loss)
FROM due WHERE w.id = due.id AND w.state = 'running'
RETURNING w.id, w.tenant_id, w.kind, w.ref, w.state, w.losses, due.why, due.deadline_at
"""  # noqa: S608 - constants of this module

# Work of an older epoch: its tenant was restored, so it describes a world that is gone.
VOID_EPOCHS = """
UPDATE public.dispatch_workitem w
SET state = 'cancelled', fence = w.fence + 1, owner = NULL, deadline_at = NULL, parked = false, finished_at = clock_timestamp(),
    error_code = 'old_epoch'
FROM public.dispatch_tenantqueue t
WHERE t.tenant_id = w.tenant_id AND w.epoch < t.epoch AND w.state IN ('ready', 'running', 'waiting', 'review')
  AND w.tenant_id = %(tenant_id)s
RETURNING w.id
"""
OLD_EPOCH_TENANTS = """
SELECT DISTINCT w.tenant_id FROM public.dispatch_workitem w JOIN public.dispatch_tenantqueue t ON t.tenant_id = w.tenant_id
WHERE w.state IN ('ready', 'running', 'waiting', 'review') AND w.epoch < t.epoch
"""

PRUNE_ITEMS = """
DELETE FROM public.dispatch_workitem WHERE id IN (
    SELECT id FROM public.dispatch_workitem
    WHERE state = %(state)s AND finished_at < (SELECT clock_timestamp()) - %(keep)s * interval '1 second'
    ORDER BY finished_at LIMIT %(page)s FOR UPDATE SKIP LOCKED)
"""
PRUNE_WORKERS = """
DELETE FROM public.dispatch_worker k WHERE k.lease_until < clock_timestamp() - %(keep)s * interval '1 second'
  AND NOT EXISTS (SELECT 1 FROM public.dispatch_workitem w WHERE w.owner = k.incarnation AND w.state = 'running')
"""
