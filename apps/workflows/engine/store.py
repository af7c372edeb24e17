"""The engine's SQL: one statement loads a batch of runs, one writes a batch's checkpoint. No ORM on the hot path.

Every function runs on the current connection, in the tenant's schema and in the caller's transaction. Rows travel as one JSON
document per batch, which costs one parameter whatever the number of rows. Times are seconds since the epoch.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection

from apps.core.ids import new_id
from apps.workflows.engine.plain_json import compact

Row = tuple[Any, ...]

LOAD_RUNS = """
SELECT r.id::text, r.version_id::text, r.state, r.inputs, r.cursor, r.subject_kind, r.subject_id, r.trigger, r.key_run_id::text,
       r.generation, r.started_at IS NOT NULL, extract(epoch FROM clock_timestamp())::float8,
       (SELECT json_agg(json_build_array(e.id, e.event, e.slot, e.payload) ORDER BY e.received_at)
        FROM workflows_runevent e WHERE e.run_id = r.id AND e.consumed_at IS NULL),
       r.parent_id::text
FROM workflows_run r WHERE r.id = ANY(%s::uuid[])
"""
LOAD_EVENTS = """
SELECT e.run_id::text, json_agg(json_build_array(e.id, e.event, e.slot, e.payload) ORDER BY e.received_at)
FROM workflows_runevent e WHERE e.run_id = ANY(%s::uuid[]) AND e.consumed_at IS NULL GROUP BY e.run_id
"""
LOAD_VERSIONS = """
SELECT v.id::text, w.slug, v.number, v.definition
FROM workflows_workflowversion v JOIN workflows_workflow w ON w.id = v.workflow_id WHERE v.id = ANY(%s::uuid[])
"""
WRITE = """
WITH doc AS (SELECT %s::jsonb AS d),
steps AS (
    INSERT INTO workflows_steprun (run_id, path, attempt, seq, step_id, type, state, summary, output, error, cost_micros, model,
                                   started_at, finished_at)
    SELECT x.run, x.path, x.attempt, x.seq, x.step, x.type, x.state, x.summary, x.output, x.error, x.cost, x.model,
           to_timestamp(x.began), to_timestamp(x.ended)
    FROM doc, jsonb_to_recordset(doc.d -> 'steps') AS x(run uuid, path text, attempt int, seq int, step text, type text, state text,
         summary text, output jsonb, error jsonb, cost bigint, model text, began float8, ended float8)
    ON CONFLICT (run_id, path, attempt) DO UPDATE
    SET state = excluded.state, summary = excluded.summary, output = excluded.output,
         error = excluded.error, cost_micros = excluded.cost_micros, model = excluded.model, finished_at = excluded.finished_at
)
UPDATE workflows_run r
SET state = x.state, cursor = x.cursor, outputs = x.outputs, error = x.error, cost_micros = r.cost_micros + x.cost,
    started_at = coalesce(r.started_at, to_timestamp(x.began)), finished_at = to_timestamp(x.ended)
FROM doc, jsonb_to_recordset(doc.d -> 'runs') AS x(id uuid, state text, cursor jsonb, outputs jsonb, error jsonb, cost bigint,
     began float8, ended float8)
WHERE r.id = x.id
RETURNING r.id::text
"""
# A used early answer gives its slot up, so that the next wait for the same event can have one too.
CONSUME = """
UPDATE workflows_runevent
SET consumed_at = clock_timestamp(), slot = CASE WHEN slot = 'early' THEN 'early ' || id::text ELSE slot END
WHERE id = ANY(%s::uuid[]) AND consumed_at IS NULL
"""
# An event that was used already is raised again: the parent then looks at its children once more, which changes nothing else.
TELL_PARENTS = """
INSERT INTO workflows_runevent (id, run_id, event, slot, payload)
SELECT x.id, r.id, x.event || c.parent_attempt, c.parent_path || ' ' || replace(c.id::text, '-', ''),
       jsonb_build_object('run_id', c.id)
FROM jsonb_to_recordset(%s::jsonb) AS x(id uuid, child uuid, event text)
JOIN workflows_run c ON c.id = x.child JOIN workflows_run r ON r.id = c.parent_id AND r.finished_at IS NULL
ON CONFLICT (run_id, event, slot) DO UPDATE SET consumed_at = NULL, received_at = clock_timestamp()
RETURNING run_id::text
"""
UNTOLD_PARENTS = """
SELECT max(c.id::text)
FROM workflows_run p JOIN workflows_run c ON c.parent_id = p.id
WHERE p.finished_at IS NULL AND EXISTS (
    SELECT 1 FROM jsonb_array_elements(p.cursor -> 'tokens') t WHERE t ->> 3 = 'waiting' AND starts_with(t ->> 7, %s)
)
GROUP BY c.parent_id, c.parent_path, c.parent_attempt
HAVING bool_and(c.finished_at IS NOT NULL AND c.finished_at < clock_timestamp() - interval '1 minute')
LIMIT 500
"""
POST_USAGE = """
INSERT INTO workflows_usageentry (id, account, meter, source_key, quantity, cost_micros, run_id, path, detail)
SELECT x.id, x.account, x.meter, x.source, x.quantity, x.cost, x.run, x.path, x.detail
FROM jsonb_to_recordset(%s::jsonb) AS x(id uuid, account text, meter text, source text, quantity bigint, cost bigint, run uuid,
     path text, detail jsonb)
ON CONFLICT (meter, source_key) DO NOTHING
RETURNING meter, source_key
"""
# Class unknown, so judged anew: the rule that let it pass has ended before anything left.
LOAD_EFFECTS = """
SELECT f.id::text, f.key, f.effect_class, f.state, f.request, f.request_hash, f.work_id, f.fence, f.sends,
       extract(epoch FROM f.first_sent_at)::float8, extract(epoch FROM f.sent_at)::float8, f.response,
       (SELECT v.response FROM workflows_evidence v WHERE v.effect_id = f.id AND v.outcome = 'succeeded'
        ORDER BY v.received_at LIMIT 1),
       CASE WHEN f.reasons @> '[{"code": "allowed_by_rule"}]' AND f.sends = 0 AND f.state = 'intended'
                 AND NOT workflows_rules_hold(f.reasons, f.type, interval '0') THEN '' ELSE f.risk_class END, f.held,
       (SELECT json_build_array(a.id, a.state, a.attempt, a.payload_hash, a.spent_at IS NOT NULL, a.valid_until > clock_timestamp())
        FROM workflows_approval a WHERE f.held AND a.effect_id = f.id ORDER BY a.id DESC LIMIT 1)
FROM workflows_effect f WHERE f.key = ANY(%s) ORDER BY f.id FOR NO KEY UPDATE
"""
INTEND = """
INSERT INTO workflows_effect (id, run_id, path, ordinal, generation, type, effect_class, key, request, request_hash, state, dry_run,
                              risk_class, reasons, held, work_id, fence, response, finished_at)
SELECT x.id, x.run, x.path, 0, x.generation, x.type, x.class, x.key, x.request, x.hash, x.state, x.dry_run,
       x.risk, x.reasons, x.held, x.work, x.fence, x.response, CASE WHEN x.state = 'succeeded' THEN clock_timestamp() END
FROM jsonb_to_recordset(%s::jsonb) AS x(id uuid, run uuid, path text, generation int, type text, class text, key text, request text,
     hash text, state text, dry_run bool, risk text, reasons jsonb, held bool, work bigint, fence bigint, response jsonb)
ON CONFLICT (key) DO NOTHING
RETURNING key
"""
TAKE_OVER = """
UPDATE workflows_effect f
SET state = x.state, work_id = x.work, fence = x.fence, request = x.request, request_hash = x.hash,
    error = coalesce(x.error, f.error), risk_class = coalesce(x.risk, f.risk_class), reasons = coalesce(x.reasons, f.reasons),
    held = f.held OR coalesce(x.held, false)
FROM jsonb_to_recordset(%s::jsonb) AS x(id uuid, state text, work bigint, fence bigint, request text, hash text, error jsonb,
     risk text, reasons jsonb, held bool)
WHERE f.id = x.id AND f.state <> 'succeeded'
"""
MARK_SENT = """
UPDATE workflows_effect f
SET state = 'sending', sends = f.sends + 1, sent_at = clock_timestamp(),
    first_sent_at = coalesce(f.first_sent_at, clock_timestamp()),
    key_expires_at = coalesce(f.key_expires_at, clock_timestamp() + x.key_window * interval '1 second')
FROM jsonb_to_recordset(%s::jsonb) AS x(id uuid, work bigint, fence bigint, hash text, key_window float8, approved text)
WHERE f.id = x.id AND f.state = 'intended' AND f.work_id = x.work AND f.fence = x.fence AND f.request_hash = x.hash
  AND (NOT f.held OR EXISTS (
      SELECT FROM workflows_approval a WHERE a.effect_id = f.id AND a.state = 'approved' AND a.payload_hash = x.approved
      AND (a.spent_at IS NOT NULL OR a.valid_until > clock_timestamp())))
RETURNING f.id::text, f.sends
"""
RECORD_OUTCOMES = """
UPDATE workflows_effect f
SET state = x.state, response = coalesce(x.response, f.response), error = x.error,
    finished_at = CASE WHEN x.state IN ('succeeded', 'failed') THEN clock_timestamp() END
FROM jsonb_to_recordset(%s::jsonb) AS x(id uuid, state text, response jsonb, error jsonb, work bigint, fence bigint)
WHERE f.id = x.id AND f.work_id = x.work AND f.fence = x.fence AND f.state <> 'succeeded'
RETURNING f.id::text
"""
KEEP_EVIDENCE = """
INSERT INTO workflows_evidence (id, effect_id, fence, outcome, response)
SELECT x.id, x.effect, x.fence, x.outcome, x.response
FROM jsonb_to_recordset(%s::jsonb) AS x(id uuid, effect uuid, fence bigint, outcome text, response jsonb)
WHERE EXISTS (SELECT 1 FROM workflows_effect f WHERE f.id = x.effect)
"""


def _fetch(sql: str, parameter: Any) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(sql, [parameter])
        return cursor.fetchall()


def load_runs(run_ids: Sequence[str]) -> list[Row]:
    """Rows of ``LOAD_RUNS``; a run that is gone has none."""
    return _fetch(LOAD_RUNS, list(run_ids))


def load_events(run_ids: Iterable[str]) -> list[Row]:
    """Unconsumed events per run."""
    return _fetch(LOAD_EVENTS, list(run_ids))


def load_versions(version_ids: Iterable[str]) -> list[Row]:
    """Slug, number and definition of versions."""
    return _fetch(LOAD_VERSIONS, list(version_ids))


def database_clock() -> float:
    """Seconds since the epoch by the database's clock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())::float8")
        return float(cursor.fetchone()[0])


def write_checkpoint(*, runs: Sequence[str], steps: Sequence[str]) -> int:
    """Write run and step rows given as JSON texts; the number of runs written."""
    return len(_fetch(WRITE, f'{{"runs":[{",".join(runs)}],"steps":[{",".join(steps)}]}}'))


def consume_events(event_ids: Sequence[str]) -> None:
    """Mark events as used."""
    with connection.cursor() as cursor:
        cursor.execute(CONSUME, [list(event_ids)])


def tell_parents(children: Sequence[str], *, event: str) -> set[str]:
    """Leave an event for each of these children with its parent, if that still runs; returns the parents' ids."""
    rows = [{"id": str(new_id()), "child": child, "event": event} for child in children]
    return {row[0] for row in _fetch(TELL_PARENTS, compact(rows))}


def untold_parents(event: str) -> list[str]:
    """One child of each visit at which a parent waits although all its children have ended."""
    return [row[0] for row in _fetch(UNTOLD_PARENTS, event)]


def post_usage(lines: Sequence[dict[str, Any]]) -> set[tuple[str, str]]:
    """Post ledger lines; returns the (meter, source_key) that were new."""
    return {(row[0], row[1]) for row in _fetch(POST_USAGE, compact(lines))}


def load_effects(keys: Sequence[str]) -> list[Row]:
    """Effects by key, locked until the transaction ends, so that a fenced-out sender cannot start in between."""
    return _fetch(LOAD_EFFECTS, list(keys))


def intend(effects: Sequence[dict[str, Any]]) -> set[str]:
    """Insert intents; returns the keys that were new."""
    return {row[0] for row in _fetch(INTEND, compact(effects))}


def take_over(effects: Sequence[dict[str, Any]]) -> None:
    """Put effects under this claim."""
    with connection.cursor() as cursor:
        cursor.execute(TAKE_OVER, [compact(effects)])


def mark_sent(effects: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Move intents of this very claim to ``sending``; returns the ids that may be sent, with how many times they were."""
    return {row[0]: row[1] for row in _fetch(MARK_SENT, compact(effects))}


def record_outcomes(effects: Sequence[dict[str, Any]]) -> set[str]:
    """Record what became of effects of this claim; returns the ids recorded."""
    return {row[0] for row in _fetch(RECORD_OUTCOMES, compact(effects))}


def keep_evidence(answers: Sequence[dict[str, Any]]) -> None:
    """Keep late answers of lost claims."""
    with connection.cursor() as cursor:
        cursor.execute(KEEP_EVIDENCE, [compact(answers)])
