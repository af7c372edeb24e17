"""Preflight asks Notion itself, and says what to mend."""

from typing import Any

import pytest
from pydantic import SecretStr

from apps.connectors import preflight
from apps.core.preflight import Outcome
from tests.connectors.world import World
from tests.servers.notion import PARENT_PAGE_ID, TOKEN


@pytest.fixture
def environment(settings: Any, bare: World) -> Any:
    """``environment(token, parent)`` points the installation at the sandbox."""

    def point(token: str | None = TOKEN, parent: str | None = PARENT_PAGE_ID) -> None:
        settings.NOTION_BASE_URL = bare.notion.url
        settings.OUTBOUND_ALLOW_OPERATOR = [bare.notion.url.removeprefix("http://")]
        settings.ENV = settings.ENV.model_copy(
            update={"notion_token": SecretStr(token) if token else None, "notion_parent_page_id": parent}
        )

    return point


def test_without_a_token_there_is_nothing_to_ask(environment: Any) -> None:
    environment(token=None)
    assert preflight.notion().outcome == Outcome.SKIPPED


def test_a_working_token_and_a_shared_page_are_fine(environment: Any) -> None:
    environment()
    assert preflight.notion().outcome == Outcome.OK


@pytest.mark.parametrize(
    ("token", "parent", "step"),
    [("secret_wrong", PARENT_PAGE_ID, "secret again"), (TOKEN, None, "NOTION_PARENT_PAGE_ID"),
     (TOKEN, "00000000-0000-4000-8000-0000000000ff", "add the integration")],
)  # fmt: skip
def test_what_is_wrong_comes_with_what_to_do(environment: Any, token: str, parent: str | None, step: str) -> None:
    environment(token, parent)
    finding = preflight.notion()
    assert finding.outcome == Outcome.FAILED
    assert step in finding.next_step
    assert token not in finding.message
