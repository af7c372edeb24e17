"""What a five-step run costs the database alone: the engine's statements as a pgbench script, with nobody computing the rows."""

import subprocess
from pathlib import Path

from apps.core.embedded.postgres import binaries

SCRIPT = """
WITH t AS (
  UPDATE public.dispatch_workitem SET state = 'running', fence = fence + 1, owner = '00000000-0000-4000-8000-000000000000', attempt = attempt + 1,
    seen_nudges = nudges, claimed_at = clock_timestamp(), deadline_at = clock_timestamp() + interval '75 seconds'
  WHERE id IN (SELECT id FROM public.dispatch_workitem WHERE state = 'ready' AND NOT parked AND kind = 'workflows.run' AND queue = 'default'
    AND tenant_id = {tenant} ORDER BY tenant_id, priority, run_at, id LIMIT {batch} FOR UPDATE SKIP LOCKED)
  RETURNING id, ref)
SELECT coalesce(array_agg(id), '{{}}')::text AS ids, coalesce(array_agg(ref), '{{}}')::text AS refs FROM t \\gset
BEGIN;
SELECT count(*), max(length(r.inputs::text)), max(length(r.cursor::text)) FROM {schema}.workflows_run r WHERE r.id = ANY(':refs'::uuid[]);
UPDATE public.dispatch_workitem w SET state = 'done', owner = NULL, deadline_at = NULL, attempt = greatest(w.attempt - 1, 0),
  evidence = w.evidence || '{{}}', finished_at = clock_timestamp()
  FROM unnest(':ids'::bigint[]) AS v(id) WHERE w.id = v.id AND w.state = 'running' AND w.fence = 1
  AND EXISTS (SELECT 1 FROM public.dispatch_tenantqueue t WHERE t.tenant_id = w.tenant_id AND t.epoch = w.epoch);
WITH steps AS (INSERT INTO {schema}.workflows_steprun (run_id, path, attempt, seq, step_id, type, state, summary, output, error, cost_micros, model,
    started_at, finished_at)
  SELECT r, chr(96 + n), 1, n, chr(96 + n), 'transform', 'succeeded', '', '{{"n": 1, "who": "Ada", "text": "Hello Ada, number 17"}}', NULL, 0, '',
    clock_timestamp(), clock_timestamp() FROM unnest(':refs'::uuid[]) r, generate_series(1, 5) n)
UPDATE {schema}.workflows_run SET state = 'succeeded', cursor = '{{"v": 1, "status": "succeeded"}}', outputs = '{{"text": "Hello Ada, number 17"}}',
  started_at = clock_timestamp(), finished_at = clock_timestamp() WHERE id = ANY(':refs'::uuid[]);
COMMIT;
"""


def runs_per_second(*, url: str, schema: str, tenant: int, runs: int, batch: int, clients: int, folder: Path) -> float:
    """Drive ``runs`` queued runs through the script with ``clients`` connections, ``batch`` runs a transaction."""
    path = folder / "engine.pgbench.sql"
    path.write_text(SCRIPT.format(schema=schema, tenant=tenant, batch=batch).lstrip())
    turns = runs // batch // clients
    command = [binaries() / "pgbench", "-n", "-c", clients, "-j", clients, "-t", turns, "-f", path, url]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    rate = next(line for line in done.stdout.splitlines() if line.startswith("tps"))
    return float(rate.split()[2]) * batch
