"""Calls to Notion, one method each: the official protocol through notion-client, minus its traps.

notion-client drops unknown arguments, has no retries for 529, 502, 504 and transport failures, caps Retry-After, lets httpx and
JSON errors out and adds a log handler per client. Here every argument is named, every failure is a coded error, waiting happens
in one place, and every call first takes its place in the shared rate budget.
"""

import logging
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
from notion_client import Client
from notion_client.errors import NotionClientErrorBase

from apps.connectors import budget
from apps.connectors.clock import SYSTEM, Clock
from apps.connectors.conf import timing
from apps.connectors.contracts import RateRule
from apps.connectors.errors import (
    PayloadInvalid,
    RateLimited,
    RemoteConflict,
    RemoteUnavailable,
)
from apps.connectors.providers.notion.errors import translate
from apps.core import outbound
from apps.core.errors import PlatformError

VERSION = "2025-09-03"
BASE_URL = "https://api.notion.com"
PAGE_SIZE = 100
Json = Any
Body = dict[str, Json]
logger = logging.getLogger("apps.connectors.notion")
sdk_logger = logging.getLogger("apps.connectors.notion.sdk")
sdk_logger.setLevel(logging.ERROR)


@dataclass(frozen=True, kw_only=True)
class Access:
    """Where to call and as whom; the token is left out of ``repr``. ``operator``: the address was set by the operator.

    An empty ``budget_key``: the caller took the call from the budget already, and there may be no database here.
    """

    base_url: str
    token: str = field(repr=False)
    budget_key: str
    rule: RateRule
    operator: bool = False


class NotionClient:
    """One conversation with Notion. Network only, except for the budget's fallback: not inside a transaction.

    Every method raises ``CredentialsRefused``, ``AccessMissing``, ``RemoteNotFound``, ``RemoteRefused``, ``RateLimited``,
    ``RequestsBlocked``, ``RemoteUnavailable`` or ``PayloadInvalid``; ``create_page``, ``update_page`` and the schema writes also
    ``OutcomeUnknown``. ``calls`` counts requests, ``server_now`` is Notion's clock in the last answer.
    """

    def __init__(self, access: Access, *, clock: Clock = SYSTEM) -> None:
        self.access = access
        self.clock = clock
        self.calls = 0
        self.server_now: datetime | None = None
        http = outbound.client(purpose="notion", timeout=timing().call_timeout_s, user_given=not access.operator,
                               max_bytes=timing().max_answer_bytes)  # fmt: skip
        self._sdk = Client(auth=access.token, base_url=access.base_url, notion_version=VERSION, retry=False, logger=sdk_logger,
                           log_level=logging.ERROR, timeout_ms=int(timing().call_timeout_s * 1000), client=http)  # fmt: skip
        http.event_hooks = {"response": [self._note]}

    def close(self) -> None:
        """Let the connection go."""
        self._sdk.close()

    def me(self) -> Body:
        """The integration itself."""
        return self._call("GET", "users/me")

    def page(self, page_id: str) -> Body:
        """A page with all its cells, as of now."""
        return self._call("GET", f"pages/{page_id}", expect="page")

    def create_page(self, *, source_id: str, properties: Mapping[str, Json]) -> Body:
        """A new row. Not repeatable."""
        parent = {"type": "data_source_id", "data_source_id": source_id}
        return self._call(
            "POST", "pages", {"parent": parent, "properties": properties}, repeatable=False, expect="page"
        )

    def update_page(self, page_id: str, *, properties: Mapping[str, Json]) -> Body:
        """Write cells. Not repeatable without looking, because somebody may have edited meanwhile."""
        return self._call("PATCH", f"pages/{page_id}", {"properties": properties}, repeatable=False, expect="page")

    def trash_database(self, database_id: str) -> Body:
        """Put a database into the bin."""
        return self._call("PATCH", f"databases/{database_id}", {"in_trash": True}, expect="database")

    def page_property(self, page_id: str, property_id: str) -> list[Body]:
        """All items of a long cell."""
        items: list[Body] = []
        query: Body = {"page_size": PAGE_SIZE}
        while True:
            answer = self._call("GET", f"pages/{page_id}/properties/{property_id}", query=query, expect="list")
            items += answer["results"]
            if not answer.get("has_more") or not answer.get("next_cursor"):
                return items
            query = {"page_size": PAGE_SIZE, "start_cursor": answer["next_cursor"]}

    def query(self, source_id: str, *, where: Json = None, sorts: Json = None, cursor: str | None = None) -> Body:
        """One page of rows, at most 100."""
        body: Body = {"page_size": PAGE_SIZE}
        for key, value in (("filter", where), ("sorts", sorts), ("start_cursor", cursor)):
            if value is not None:
                body[key] = value
        return self._call("POST", f"data_sources/{source_id}/query", body, expect="list")

    def child_databases(self, page_id: str) -> list[Body]:
        """Blocks of the databases directly under a page; always up to date, unlike search."""
        found: list[Body] = []
        query: Body = {"page_size": PAGE_SIZE}
        while True:
            answer = self._call("GET", f"blocks/{page_id}/children", query=query, expect="list")
            found += [block for block in answer["results"] if block.get("type") == "child_database"]
            if not answer.get("has_more") or not answer.get("next_cursor"):
                return found
            query = {"page_size": PAGE_SIZE, "start_cursor": answer["next_cursor"]}

    def database(self, database_id: str) -> Body:
        """A database with the ids of its data sources."""
        return self._call("GET", f"databases/{database_id}", expect="database")

    def create_database(
        self, *, parent_page_id: str, title: str, description: str, properties: Mapping[str, Json]
    ) -> Body:
        """A new database. Not repeatable."""
        body = {"parent": {"type": "page_id", "page_id": parent_page_id}, "title": _text(title), "description": _text(description),
                "initial_data_source": {"properties": properties}}  # fmt: skip
        return self._call("POST", "databases", body, repeatable=False, expect="database")

    def source(self, source_id: str) -> Body:
        """A data source with its columns."""
        return self._call("GET", f"data_sources/{source_id}", expect="data_source")

    def update_source(self, source_id: str, *, properties: Mapping[str, Json]) -> Body:
        """Add or change columns; naming the same columns again changes nothing."""
        return self._call("PATCH", f"data_sources/{source_id}", {"properties": properties}, expect="data_source")

    def _call(self, method: str, path: str, body: Body | None = None, *, query: Body | None = None, repeatable: bool = True,
              expect: str = "") -> Body:  # fmt: skip
        figures = timing()
        for attempt in range(1, figures.tries + 1):
            try:
                return self._once(method, path, body, query, repeatable=repeatable, expect=expect)
            except RateLimited as error:
                wait = error.retry_after or 1.0
                if wait > figures.short_wait_s or attempt == figures.tries:
                    raise
            except (RemoteUnavailable, PayloadInvalid, RemoteConflict) as error:
                wait = random.uniform(0.2, 1.0) * 2**attempt  # noqa: S311 - jitter
                if attempt == figures.tries or not (repeatable or isinstance(error, RemoteConflict)):
                    raise
            self.clock.sleep(wait)
        raise RemoteUnavailable(detail="no attempt was made")

    def _once(
        self, method: str, path: str, body: Body | None, query: Body | None, *, repeatable: bool, expect: str
    ) -> Body:
        if self.access.budget_key:
            budget.acquire(key=self.access.budget_key, rule=self.access.rule, clock=self.clock)
        self.calls += 1
        try:
            answer = self._sdk.request(path=path, method=method, query=query, body=body)
            return _checked(answer, expect)
        except PlatformError as error:
            raise self._coded(error, method, path, repeatable=repeatable) from None
        except (httpx.HTTPError, NotionClientErrorBase, ValueError, RecursionError) as error:
            raise self._coded(error, method, path, repeatable=repeatable) from error

    def _coded(self, error: Exception, method: str, path: str, *, repeatable: bool) -> PlatformError:
        if isinstance(error, RecursionError):
            error = ValueError("nested too deeply")
        coded = translate(error, method=f"{method} {path}", repeatable=repeatable, now=self.clock.now().timestamp())
        if isinstance(coded, RateLimited) and self.access.budget_key:
            budget.block(key=self.access.budget_key, seconds=coded.retry_after or 1.0, clock=self.clock)
        logger.warning(
            "notion call failed",
            extra={"operation": f"{method} {path}", "error_code": coded.code, "reason": str(coded)[:500]},
        )
        return coded

    def _note(self, response: httpx.Response) -> None:
        try:
            self.server_now = parsedate_to_datetime(response.headers["date"]).astimezone(UTC)
        except (KeyError, TypeError, ValueError):
            self.server_now = None


def _checked(answer: Json, expect: str) -> Body:
    """The answer, when it has the outer shape of what was asked for. Raises ValueError."""
    if not isinstance(answer, dict) or (expect and answer.get("object") != expect):
        raise ValueError(f"expected {expect or 'an object'}")
    if expect == "list" and not (
        isinstance(answer.get("results"), list) and all(isinstance(entry, dict) for entry in answer["results"])
    ):
        raise ValueError("a list without results")
    if expect in ("page", "data_source") and not isinstance(answer.get("properties"), dict):
        raise ValueError("no properties")
    if expect and expect != "list" and not isinstance(answer.get("id"), str):
        raise ValueError("no id")
    return answer


def _text(text: str) -> list[Body]:
    return [{"type": "text", "text": {"content": text[:2000]}}] if text else []
