"""The gateway's neighbours in tests: an OpenAI-compatible server on loopback and settings that lead to it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from apps.ai.contracts import CompletionRequest, Message
from tests.servers.openai import OpenAIServer

REQUEST = CompletionRequest(purpose="work", messages=(Message(role="user", content="Say hello to the team."),))


@pytest.fixture
def openai_server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


@pytest.fixture
def gateway(settings: Any, openai_server: OpenAIServer, tenant: Any) -> OpenAIServer:
    """The gateway set up for the server, priced like the vendor, in the tenant's context."""
    point_at(settings, openai_server)
    return openai_server


def point_at(settings: Any, server: OpenAIServer) -> None:
    settings.OPENAI_API_KEY = "test-key"
    settings.OPENAI_BASE_URL = server.url
    settings.OPENAI_PRICES = "openai"
    settings.LOCAL_MODEL_URL = None
    settings.OUTBOUND_ALLOW_OPERATOR = [f"127.0.0.1:{server.port}"]


def ask(**changes: Any) -> CompletionRequest:
    """A small work request with the given changes."""
    return replace(REQUEST, **changes)
