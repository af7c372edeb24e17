"""Figures of the connectors; each can be overridden in ``settings.CONNECTORS`` by name."""

from dataclasses import dataclass, field, fields
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
    renew_ahead_s: int = 900
    """An access token that ends within this time is renewed by the sweep."""
    renew_lease_s: int = 60
    sign_in_s: int = 900
    """How long a person may take to sign in with a service."""
    call_days: int = 30
    max_answer_bytes: int = 10_000_000


def timing() -> Timing:
    """The figures in force."""
    known = {entry.name for entry in fields(Timing)}
    return Timing(**{key: value for key, value in getattr(settings, "CONNECTORS", {}).items() if key in known})


def operator_address(connector: str = "notion") -> str | None:
    """A service's address in this installation when it is not the service's own: the sandbox of a local one."""
    if connector != "notion":
        return settings.CONNECTOR_ADDRESSES.get(connector) or None
    address: str | None = getattr(settings, "NOTION_BASE_URL", settings.ENV.notion_base_url)
    return address or None


def is_operator_address(connector: str, base_url: str) -> bool:
    """Whether the operator, and nobody else, chose this address."""
    address = operator_address(connector)
    return bool(address) and base_url.rstrip("/") == str(address).rstrip("/")


@dataclass(frozen=True, kw_only=True)
class OAuthClient:
    """How this installation is registered with a vendor."""

    client_id: str
    client_secret: str = field(repr=False)


def oauth_client(client: str) -> OAuthClient | None:
    """The operator's registration with a vendor, None without one."""
    known: dict[str, OAuthClient] | None = getattr(settings, "CONNECTOR_CLIENTS", None)
    if known is not None:
        return known.get(client)
    client_id: str = getattr(settings.ENV, f"connector_{client}_client_id", "")
    secret = getattr(settings.ENV, f"connector_{client}_client_secret", None)
    return OAuthClient(client_id=client_id, client_secret=secret.get_secret_value()) if client_id and secret else None


def oauth_variables(client: str) -> str:
    """The variables an operator sets to register this installation with a vendor."""
    return f"CONNECTOR_{client.upper()}_CLIENT_ID, CONNECTOR_{client.upper()}_CLIENT_SECRET"


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
