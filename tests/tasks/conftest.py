"""What tests of tasks stand on: a model server on loopback, the real loop in the test's own process, the tenant acme."""

from collections.abc import Iterator
from typing import Any

import pytest

from apps.accounts.models import User
from apps.connectors import budget
from tests.servers.notion import NotionServer
from tests.servers.openai import OpenAIServer
from tests.tasks.driving import ANSWER, WORK, Office, sweep_out
from tests.tasks.notion_office import NotionOffice


@pytest.fixture
def model(settings: Any) -> Iterator[OpenAIServer]:
    """A model that answers, and judges with 95 of 100 unless told otherwise."""
    with OpenAIServer(judge_score=95) as server:
        settings.OPENAI_API_KEY = "test-key"
        settings.OPENAI_BASE_URL = server.url
        settings.OPENAI_PRICES = "openai"
        settings.LOCAL_MODEL_URL = None
        settings.OUTBOUND_ALLOW_OPERATOR = [f"127.0.0.1:{server.port}"]
        yield server


@pytest.fixture
def office(django_db_setup: None, django_db_blocker: Any, model: OpenAIServer) -> Iterator[Office]:
    """acme with task types and the built-in workflow, a model that answers well, and a worker to be told to work.

    Everything is committed, because the worker has connections of its own; the tables are emptied around the test, which costs
    a tenth of a fresh database.
    """
    model.mode({"text": ANSWER}, model=WORK)
    with django_db_blocker.unblock():
        sweep_out()
        try:
            yield Office(model=model)
        finally:
            sweep_out()


@pytest.fixture
def owner(office: Office) -> User:
    """Owner of acme."""
    return User.objects.get(email="owner@acme.example")


@pytest.fixture
def editor(office: Office) -> User:
    """Editor in acme."""
    return User.objects.get(email="member@acme.example")


@pytest.fixture
def onlooker(office: Office) -> User:
    """Viewer in acme."""
    return User.objects.get(email="viewer@acme.example")


@pytest.fixture
def stranger(office: Office) -> User:
    """Owner of globex, nobody in acme."""
    return User.objects.get(email="outsider@globex.example")


@pytest.fixture
def notion_office(office: Office, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[NotionOffice]:
    """acme with a connected Notion workspace in which the thirteen databases stand. The rate budget is wide open: its own
    tests prove it, and creating thirteen databases at two calls a second would take most of a test's time."""
    monkeypatch.setattr(budget, "shared_pace", lambda _rule: budget.Pace(burst=100_000, rate=100_000.0))
    with NotionServer(per_connection=100_000, per_workspace=100_000) as notion:
        port = notion.http.server_address[1]
        settings.OUTBOUND_ALLOW = [f"127.0.0.1:{port}"]
        place = NotionOffice(model=office.model, notion=notion)
        place.connect()
        yield place
