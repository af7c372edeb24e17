"""What tests of tasks stand on: a model server on loopback, the real loop in the test's own process, the tenant acme."""

from collections.abc import Iterator
from typing import Any

import pytest

from apps.tasks import facade
from apps.tenants.facade import get_tenant, tenant_context
from tests.servers.openai import OpenAIServer
from tests.tasks.driving import ANSWER, WORK, Office


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
def office(transactional_db: None, model: OpenAIServer) -> Office:
    """acme with task types and the built-in workflow, a model that answers well, and a worker to be told to work."""
    model.mode({"text": ANSWER}, model=WORK)
    with tenant_context(get_tenant(slug="acme")):
        facade.ensure_defaults()
    return Office(model=model)
