"""Checks of the real services an installation points at, before anything is started: each failure says what to do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
import psycopg2
import redis

TIMEOUT_S = 10
OLDEST_POSTGRES = 160000
NOTION_VERSION = "2025-09-03"
UNAUTHORIZED, NOT_FOUND = 401, 404


class OutsideError(RuntimeError):
    """An outside service that was asked for cannot be used; the message says which variable and what to do."""


@dataclass(frozen=True)
class OutsideService:
    """``check`` returns a short description when the service answers, and raises ``OutsideError`` otherwise."""

    title: str
    check: Callable[[Mapping[str, str]], str]


def chosen_services(given: Mapping[str, str]) -> list[OutsideService]:
    """The real services among the settings given; what is not given runs embedded."""
    known = (
        ("DATABASE_URL", "PostgreSQL", _postgres),
        ("BROKER_URL", "Valkey", _broker),
        ("OPENAI_API_KEY", "Model provider", _models),
        ("OPENAI_BASE_URL", "Model provider", _models),
        ("NOTION_TOKEN", "Notion", _notion),
    )
    found = {title: check for name, title, check in known if given.get(name)}
    return [OutsideService(title=title, check=check) for title, check in found.items()]


def _postgres(given: Mapping[str, str]) -> str:
    place = _place(given["DATABASE_URL"])
    try:
        connection = psycopg2.connect(given["DATABASE_URL"], connect_timeout=TIMEOUT_S)
    except psycopg2.Error as error:
        raise OutsideError(
            f"DATABASE_URL points at {place}, which does not let us in: {str(error).strip()}\n"
            "Start that server or correct the address, or unset DATABASE_URL to use the embedded PostgreSQL."
        ) from error
    with connection:
        version = connection.server_version
        with connection.cursor() as cursor:
            cursor.execute("SELECT has_database_privilege(current_database(), 'CREATE')")
            may_create = cursor.fetchone()[0]
    connection.close()
    if version < OLDEST_POSTGRES:
        raise OutsideError(f"DATABASE_URL: {place} runs PostgreSQL {version // 10000}; 16 or newer is needed.")
    if not may_create:
        raise OutsideError(
            f"DATABASE_URL: this user may not create schemas in {place}, and every tenant is a schema. "
            "As its owner: GRANT CREATE ON DATABASE ... TO ..."
        )
    return f"PostgreSQL {version // 10000}.{version % 100} at {place}"


def _broker(given: Mapping[str, str]) -> str:
    place = _place(given["BROKER_URL"])
    try:
        with redis.Redis.from_url(given["BROKER_URL"], socket_timeout=TIMEOUT_S) as broker:
            broker.ping()
    except (redis.RedisError, ValueError) as error:
        raise OutsideError(
            f"BROKER_URL points at {place}, which does not answer: {error}\n"
            "Start that server or correct the address, or unset BROKER_URL to use the embedded Valkey."
        ) from error
    return f"Valkey at {place}"


def _models(given: Mapping[str, str]) -> str:
    base = (given.get("OPENAI_BASE_URL") or "https://api.openai.com/v1").rstrip("/")
    headers = {"Authorization": f"Bearer {given.get('OPENAI_API_KEY') or 'none'}"}
    answer = _get(
        f"{base}/models", headers, "OPENAI_BASE_URL", "unset OPENAI_API_KEY and OPENAI_BASE_URL for the bundled model"
    )
    if answer.status_code == UNAUTHORIZED:
        raise OutsideError(
            f"OPENAI_API_KEY was refused by {_place(base)}. Put a valid key there, or unset it for the bundled model."
        )
    if answer.is_error:
        raise OutsideError(
            f"OPENAI_BASE_URL: {base}/models answered {answer.status_code}. Does the address end in /v1?"
        )
    return f"models at {_place(base)}"


def _notion(given: Mapping[str, str]) -> str:
    base = (given.get("NOTION_BASE_URL") or "https://api.notion.com").rstrip("/")
    headers = {"Authorization": f"Bearer {given['NOTION_TOKEN']}", "Notion-Version": NOTION_VERSION}
    parent = given.get("NOTION_PARENT_PAGE_ID")
    if not parent:
        raise OutsideError("NOTION_TOKEN is set but NOTION_PARENT_PAGE_ID is not. Set it to the id of the page that shall "
                           "hold the databases (the last part of its address).")  # fmt: skip
    advice = "unset NOTION_TOKEN to use the sandbox"
    answer = _get(f"{base}/v1/users/me", headers, "NOTION_BASE_URL", advice)
    if answer.status_code == UNAUTHORIZED:
        raise OutsideError(
            f"NOTION_TOKEN was refused by {_place(base)}. Copy the integration's secret again, or {advice}."
        )
    page = _get(f"{base}/v1/pages/{parent}", headers, "NOTION_BASE_URL", advice)
    if page.status_code == NOT_FOUND:
        raise OutsideError(
            f"NOTION_PARENT_PAGE_ID: the integration cannot see page {parent}. Open it in Notion, choose Connections in its "
            "menu and add the integration."
        )
    if answer.is_error or page.is_error:
        status = answer.status_code if answer.is_error else page.status_code
        raise OutsideError(f"Notion at {_place(base)} answered {status}. Try again in a minute, or {advice}.")
    return f"Notion at {_place(base)}"


def _get(url: str, headers: Mapping[str, str], variable: str, advice: str) -> httpx.Response:
    try:
        return httpx.get(url, headers=dict(headers), timeout=TIMEOUT_S)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise OutsideError(
            f"{_place(url)} cannot be reached: {error}. Check the network and {variable}, or {advice}."
        ) from error


def _place(url: str) -> str:
    """Host, port and path of an address, without what is secret in it."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.hostname or url}{port}{parts.path if parts.path not in ('', '/') else ''}"
