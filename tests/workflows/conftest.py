"""The provider double and its step types, for every test of this folder."""

import os
import threading
from collections.abc import Iterator

import pytest

from tests.servers import effects
from tests.workflows import provider_steps


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
