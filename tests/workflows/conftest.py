"""The provider double and its step types, for every test of this folder."""

import os
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from tests.servers import effects
from tests.workflows import driving, provider_steps

TENANTS = ("acme", "globex")
TABLES = (
    "run",
    "steprun",
    "effect",
    "runevent",
    "usageentry",
    "evidence",
    "versionchange",
    "trigger",
    "firing",
    "secret",
    "secretchange",
    "workflowdraft",
    "whatif",
    "whatifrun",
    "approval",
    "approvalvote",
    "approvalmail",
    "deputy",
    "approvalpolicy",
    "allowrule",
    "allowanceday",
    "proposal",
    "healingpolicy",
    "stepday",
)
FORGET_WORKFLOWS = """
UPDATE workflows_workflow SET current_id = NULL WHERE slug <> ALL(%(kept)s);
DELETE FROM workflows_workflowversion v USING workflows_workflow w WHERE w.id = v.workflow_id AND w.slug <> ALL(%(kept)s);
DELETE FROM workflows_workflow WHERE slug <> ALL(%(kept)s);
"""


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A database in which everything really commits; afterwards the tables this folder writes are empty again.

    A fresh copy of the whole template for each test, which ``django_db(transaction=True)`` means, would take ten times as long.
    """
    with django_db_blocker.unblock():
        kept = {slug: _workflows(slug) for slug in TENANTS}
        yield
        for slug in TENANTS:
            _empty_tables(slug, kept[slug])
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE public.dispatch_workitem, public.dispatch_worker")


def _workflows(slug: str) -> list[str]:
    with driving.inside(slug), connection.cursor() as cursor:
        cursor.execute("SELECT slug FROM workflows_workflow")
        return [row[0] for row in cursor.fetchall()]


def _empty_tables(slug: str, kept: list[str]) -> None:
    with driving.inside(slug), connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(f'workflows_{name}' for name in TABLES)} CASCADE")
        cursor.execute(FORGET_WORKFLOWS, {"kept": kept})


@pytest.fixture(scope="session")
def _provider_server() -> Iterator[effects.Server]:
    server = effects.serve()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    os.environ["EFFECTS_URL"] = f"http://127.0.0.1:{server.server_address[1]}"
    yield server
    provider_steps.close()
    server.shutdown()
    server.server_close()


@pytest.fixture
def provider(_provider_server: effects.Server, settings: object) -> Iterator[effects.Ledger]:
    """What the double applied, with its step types registered and no waiting before look-ups."""
    from apps.workflows.registries import step_types

    settings.WORKFLOWS = {"quiescence_s": 0}  # type: ignore[attr-defined]
    ledger: effects.Ledger = _provider_server.RequestHandlerClass.ledger
    ledger.forget()
    with step_types.temporarily(*provider_steps.STEPS):
        yield ledger
