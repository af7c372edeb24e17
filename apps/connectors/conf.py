"""Figures of the connectors; each can be overridden in ``settings.CONNECTORS`` by name."""

from dataclasses import dataclass, fields
from urllib.parse import urlsplit

from django.conf import settings

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Seconds unless said otherwise."""

    poll_s: int = 60
    visibility_lag_s: int = 600
    """How late an edit may become visible to queries; the overlap of polls, and the wait before a create is repeated."""
    sweep_s: int = 3600
    """How often all rows of a database are listed, to find rows that were moved in, moved out or binned unnoticed."""
    lease_s: int = 180
    setup_lease_s: int = 300
    page_lease_s: int = 90
    call_timeout_s: float = 60.0
    short_wait_s: float = 5.0
    """Longest wait inside a call for the rate budget or a Retry-After; anything longer is rescheduled."""
    tries: int = 3
    breaker_failures: int = 5
    breaker_pause_s: int = 30
    breaker_pause_cap_s: int = 60
    retry_base_s: float = 5.0
    retry_cap_s: float = 300.0
    receipt_days: int = 14
    expiry_warning_days: int = 14
    max_answer_bytes: int = 10_000_000


def timing() -> Timing:
    """The figures in force."""
    known = {field.name for field in fields(Timing)}
    return Timing(**{key: value for key, value in getattr(settings, "CONNECTORS", {}).items() if key in known})


def operator_address() -> str | None:
    """Notion's address in this installation when it is not Notion's own: the sandbox of a local one."""
    address: str | None = getattr(settings, "NOTION_BASE_URL", settings.ENV.notion_base_url)
    return address or None


@dataclass(frozen=True, kw_only=True)
class Sandbox:
    """The stand-in for Notion of a local installation, and what connects to it; nobody's secret."""

    url: str
    token: str
    parent_page_id: str


def sandbox() -> Sandbox | None:
    """The local sandbox, where settings lead to one: development only, on loopback only, never a real token."""
    address, env = operator_address(), settings.ENV
    if not (settings.DEBUG and address and urlsplit(address).hostname in LOOPBACK and env.notion_token):
        return None
    return Sandbox(
        url=f"{address.rstrip('/')}/",
        token=env.notion_token.get_secret_value(),
        parent_page_id=env.notion_parent_page_id or "",
    )
