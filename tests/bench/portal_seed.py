"""A workspace with a past: tasks, runs, steps, timelines, reviews, calls, usage and Notion rows, written as SQL in bulk.

Everything goes through the real tables with their constraints and triggers in force. Numbers and identifiers rise with time as
the product's own do, so indexes and cursors meet what they will meet.
"""

from django.db import connection

DAYS = 90
# Of 1000 tasks: 940 done, 30 failed, 20 cancelled; the newest ones are still in work or wait for a person.
OPEN_NEW, OPEN_RUNNING, OPEN_REVIEW = 20, 10, 40
STEPS = ("brief", "write", "judge", "revise", "judge_again", "switch", "close", "deliver")

ID = """
CREATE OR REPLACE FUNCTION pg_temp.made_id(g bigint, kind int, at timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(kind), 3, '0') || '8'
        || lpad(to_hex(g), 15, '0'))::uuid $$
"""
PLAN = """
CREATE TEMP TABLE plan AS
SELECT g, at, pg_temp.made_id(g, 1, at) AS task, pg_temp.made_id(g, 2, at) AS run, duration,
       CASE WHEN g > %(n)s - %(new)s THEN 'new' WHEN g > %(n)s - %(new)s - %(running)s THEN 'running'
            WHEN g > %(n)s - %(new)s - %(running)s - %(review)s THEN 'review'
            WHEN g %% 1000 < 30 THEN 'failed' WHEN g %% 1000 < 50 THEN 'cancelled' ELSE 'done' END AS state,
       (SELECT array_agg(id ORDER BY id) FROM tasks_tasktype)[1 + g %% (SELECT count(*) FROM tasks_tasktype)] AS type_id,
       60 + (g::bigint * 7919) %% 41 AS score, 400 + (g::bigint * 104729) %% 9000 AS cost, g %% 10 = 0 AS by_person
FROM (SELECT g, now() - make_interval(secs => (%(n)s - g) * (86400.0 * %(days)s / %(n)s)) AS at,
             make_interval(secs => 5 + (g * 31) %% 240) AS duration FROM generate_series(1, %(n)s) g) s
"""
STATEMENTS = (
    """INSERT INTO tasks_task (id, number, title, body, type_id, state, source, source_ref, requested_by, client, priority, target,
           idempotency_key, request_hash, attempt, auto_retries, run_id, workflow, workflow_version, prompt_version, model,
           revision, draft, result, score, criteria, checks, reasons, votes, spread, revisions, review_key, tokens, tokens_in,
           cost_micros, is_billed, error_code, error, created_at, started_at, finished_at, touched_at)
       SELECT p.task, g, 'Answer the ' || (ARRAY['invoice', 'delivery', 'refund', 'contract', 'meeting'])[1 + g %% 5]
           || ' letter of client ' || g %% 700, repeat('Please answer politely and keep every date. ', 12), type_id, state,
           (ARRAY['portal', 'notion', 'api', 'email'])[1 + g %% 4], '{}', %(user)s, 'Client ' || g %% 700, 'normal', 80, '', '', 1, 0,
           CASE WHEN state <> 'new' THEN p.run END, 'answer', 1, 'task.drafting@1/large', 'gpt-6.1-sol', 'abcdef123456', '',
           CASE WHEN state = 'done' THEN repeat('Thank you for your letter. We have checked the dates. ', 10) ELSE '' END,
           CASE WHEN state IN ('done', 'review') THEN score END, '[]', '[]', '', 1, 0, 0, '', 900, 700,
           CASE WHEN state = 'new' THEN 0 ELSE cost END, state IN ('done', 'failed', 'cancelled'),
           CASE WHEN state = 'failed' THEN 'model_call_failed' ELSE '' END,
           CASE WHEN state = 'failed' THEN 'The model did not answer in time.' ELSE '' END, at,
           CASE WHEN state <> 'new' THEN at + interval '1 second' END,
           CASE WHEN state IN ('done', 'failed', 'cancelled') THEN least(at + duration, now()) END, least(at + duration, now())
       FROM plan p""",
    """INSERT INTO tasks_taskcounter (id, last_number) SELECT 1, max(g) FROM plan
       ON CONFLICT (id) DO UPDATE SET last_number = excluded.last_number""",
    """INSERT INTO tasks_taskevent (id, task_id, kind, detail, actor_id, at)
       SELECT gen_random_uuid(), task, kind, '', NULL, at + place * interval '1 second'
       FROM plan, (VALUES ('submitted', 0), ('started', 1), ('scored', 2), ('delivered', 3)) k(kind, place)
       WHERE state <> 'new' OR place = 0""",
    """INSERT INTO workflows_run (id, version_id, state, inputs, cursor, outputs, error, subject_kind, subject_id, trigger,
           idempotency_key, key_run_id, generation, queue, priority, revision, cost_micros, created_at, started_at, finished_at)
       SELECT run, %(version)s, s.state, jsonb_build_object('task_id', task), '{}',
           CASE WHEN s.state = 'succeeded' THEN '{"text": "Thank you."}'::jsonb END,
           CASE WHEN s.state = 'failed' THEN '{"code": "model_call_failed", "message": "No answer in time.", "path": "write"}'::jsonb END,
           'task', task::text, 'task', 'seed:' || g, run, 0, 'default', 100, 'abcdef123456', cost, at, at + interval '1 second',
           CASE WHEN s.state IN ('succeeded', 'failed', 'cancelled') THEN least(at + duration, now()) END
       FROM plan p, LATERAL (SELECT CASE p.state WHEN 'done' THEN 'succeeded' WHEN 'review' THEN 'waiting' ELSE p.state END AS state) s
       WHERE p.state <> 'new'""",
    """INSERT INTO workflows_steprun (run_id, path, attempt, seq, step_id, type, state, summary, output, error, cost_micros, model,
           started_at, finished_at)
       SELECT run, name, 1, place, name, CASE WHEN name IN ('write', 'revise') THEN 'ai.generate' WHEN name LIKE 'judge%%' THEN
           'ai.review' ELSE 'set' END, 'succeeded', 'Score 87 of 100: passed', '{"score": 87}', NULL,
           CASE WHEN name IN ('write', 'judge') THEN cost / 2 ELSE 0 END, CASE WHEN name IN ('write', 'revise') THEN 'gpt-6.1-sol'
           ELSE '' END, at + place * interval '400 milliseconds', at + (place + 1) * interval '400 milliseconds'
       FROM plan, unnest(%(steps)s) WITH ORDINALITY AS s(name, place) WHERE state <> 'new'""",
    """INSERT INTO tasks_reviewitem (id, task_id, run_id, step_path, reason, why, answer, score, state, decision, edited_text, note,
           decided_by, decided_at, created_at)
       SELECT pg_temp.made_id(g, 3, at), task, run, 'ask', 'borderline', 'The votes are too far apart.', 'Thank you for your letter.',
           score, CASE WHEN state = 'review' THEN 'open' ELSE 'decided' END, CASE WHEN state = 'review' THEN '' ELSE 'approve' END,
           '', '', CASE WHEN state <> 'review' THEN %(user)s END, CASE WHEN state <> 'review' THEN at + duration END, at
       FROM plan WHERE state = 'review' OR (state = 'done' AND by_person)""",
    """INSERT INTO ai_reservation (id, key, state, amount_micros, charged_micros, counter_ids, platform_ids, closed_reason, created_at,
           closed_at)
       SELECT pg_temp.made_id(g, 4, at), 'seed:' || g, 'settled', cost * 3, cost, '{}', '{}', '', at, at FROM plan WHERE state <> 'new'""",
    """INSERT INTO ai_aicall (id, reservation_id, key, ordinal, purpose, role, state, error_code, provider, model, answered_by,
           provider_request_id, prompt_version, task_type, workflow, run_id, step_path, user_id, api_key_id, prompt_tokens,
           cached_tokens, completion_tokens, reasoning_tokens, usage_estimated, cost_micros, charged_micros, price_version,
           latency_ms, finish_reason, streamed, created_at)
       SELECT pg_temp.made_id(g * 4 + ordinal, 5, at), pg_temp.made_id(g, 4, at), 'seed:' || g, ordinal, purpose, role, 'ok', '',
           'openai', CASE purpose WHEN 'judge' THEN 'gpt-6-luna' ELSE (ARRAY['gpt-6.1-sol', 'gpt-5.4', 'gpt-4o'])[1 + g %% 3] END,
           '', '', '', k.slug, (ARRAY['answer', 'letters', 'reports', 'triage'])[1 + g %% 4], run, 'write',
           CASE WHEN g %% 3 = 0 THEN %(user)s END, '', 700, 0, 200, 0, false,
           CASE WHEN g %% 500 = 0 THEN NULL ELSE cost / 3 END, cost / 3, 'seed', 900, 'stop', false, at
       FROM plan p JOIN tasks_tasktype k ON k.id = p.type_id,
            (VALUES (0, 'work', 'first'), (1, 'judge', 'first'), (2, 'work', 'retry')) c(ordinal, purpose, role)
       WHERE p.state <> 'new'""",
    """INSERT INTO connectors_notiondatabase (id, connection_id, key, database_id, data_source_id, title, url, columns, error_code,
           problem, polled_at, created_at)
       SELECT pg_temp.made_id(g, 6, '2026-01-01'), %(connection)s, 'base-' || g, 'd' || g, 's' || g, 'Database ' || g, '', '{}', '', '', now(),
           now() FROM generate_series(1, 7) g""",
    """INSERT INTO connectors_notionpage (id, database_id, page_id, local_ref, url, state, sync, seen, fingerprint, version,
           check_failures, error_code, problem, created_at)
       SELECT pg_temp.made_id(g, 7, at), pg_temp.made_id(1 + g %% 7, 6, '2026-01-01'), 'p' || g, 'task-' || g, '', 'live', 'in_step', '{}', '',
           1, 0, '', '', at FROM plan""",
    """INSERT INTO connectors_notionpush (id, connection_id, database_key, local_ref, page_id, wishes, revision, state, create_state,
           create_values, failures, error_code, problem, created_at)
       SELECT pg_temp.made_id(g, 8, at), %(connection)s, 'base-1', 'task-' || g, pg_temp.made_id(g, 7, at), '{}', 1,
           CASE WHEN g %% 5000 = 0 THEN 'pending' ELSE 'in_step' END, 'done', '{}', 0, '', '', at FROM plan""",
    """INSERT INTO connectors_notionconflict (id, page_id, property, ours, theirs, base, state, created_at)
       SELECT pg_temp.made_id(g, 9, at), pg_temp.made_id(g, 7, at), 'Result', '"ours"', '"theirs"', '"before"',
           CASE WHEN g %% 10 = 0 THEN 'open' ELSE 'obsolete' END, at FROM plan WHERE g %% 100 = 0""",
)  # fmt: skip


def seed(*, tasks: int, user_id: int) -> dict[str, int]:
    """Fill the current tenant; returns how many rows each table then has."""
    from apps.connectors.models import Connection
    from apps.tasks.facade import ensure_defaults
    from apps.workflows.models import Workflow

    ensure_defaults()
    linked = Connection.objects.create(
        connector="notion", name="Notion · Acme", account_name="Acme", base_url="https://x", account_id="a"
    )
    values = {
        "n": tasks, "days": DAYS, "new": OPEN_NEW, "running": OPEN_RUNNING, "review": OPEN_REVIEW, "user": user_id,
        "version": str(Workflow.objects.get(slug="answer").current_id), "steps": list(STEPS), "connection": str(linked.pk),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(ID)
        cursor.execute(PLAN, values)
        cursor.execute("ANALYZE plan")
        for statement in STATEMENTS:
            cursor.execute(statement, values)
        cursor.execute("DROP TABLE plan")
    _add_up_usage()
    return _counted()


def _add_up_usage() -> None:
    from django.utils import timezone

    from apps.ai.usage.rolling import roll_up
    from apps.tasks.services.metrics import roll_up_recent
    from apps.workflows.analytics import rollup

    while roll_up(now=timezone.now()):
        pass
    roll_up_recent()
    rollup.roll_up()


def _counted() -> dict[str, int]:
    tables = (
        "tasks_task",
        "workflows_run",
        "workflows_steprun",
        "tasks_taskevent",
        "ai_aicall",
        "connectors_notionpage",
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        counts = {}
        for table in tables:
            cursor.execute(f"SELECT count(*) FROM {table}")
            counts[f"rows_{table.partition('_')[2]}"] = cursor.fetchone()[0]
    return counts
