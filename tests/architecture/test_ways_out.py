"""Nothing leaves the product but by the guarded way out: who may touch the network is listed here, with the reason.

A new import of a library that opens connections, or a new call of the guarded way out, fails until it is listed: the first here, the
second as a caller of ``tests.hostile.callers``, which sends hostile addresses through it.
"""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Modules that open connections by themselves.
NETWORK = {
    "socket", "ssl", "http.client", "urllib.request", "urllib3", "smtplib", "imaplib", "poplib", "ftplib", "nntplib", "telnetlib", "xmlrpc",
    "socketserver", "asyncio", "requests", "httpx", "httpx2", "httpcore", "httpcore2", "aiohttp", "httplib2", "websockets", "websocket",
    "grpc", "paramiko", "dns", "ldap3", "pycurl", "openai", "anthropic", "notion_client", "boto3", "botocore", "stripe", "slack_sdk", "telegram",
    "github", "googleapiclient", "google", "hubspot", "pyairtable", "resend", "authlib", "pywebpush", "redis", "valkey", "psycopg", "psycopg2",
    "kombu", "amqp", "celery", "django.core.mail", "fsspec", "s3fs", "duckdb",
}  # fmt: skip
OPERATOR = "talks to the operator's own servers, whose addresses come from the settings"
GUARDED = "the SDK is led through the guarded way out"
NAMES_ONLY = "names of errors and types only"
LISTED = {
    "apps/core/outbound/clients.py": "the guarded way out itself",
    "apps/core/outbound/pools.py": "the guarded way out itself",
    "apps/core/outbound/addresses.py": "the guarded way out itself",
    "apps/core/outbound/sockets.py": "the guarded way out itself",
    "apps/core/outbound/sessions.py": "the guarded way out itself",
    "apps/connectors/adapters.py": GUARDED,
    "apps/connectors/wire.py": NAMES_ONLY,
    "apps/connectors/sign_in.py": GUARDED,
    "apps/connectors/webhooks_out/sending.py": NAMES_ONLY,
    "apps/connectors/providers/notion/client.py": GUARDED,
    "apps/connectors/providers/notion/errors.py": NAMES_ONLY,
    "apps/ai/gateway/wire.py": GUARDED,
    "apps/ai/preflight.py": GUARDED,
    "apps/portal/pwa/sending.py": NAMES_ONLY,
    "apps/workflows/engine/failures.py": NAMES_ONLY,
    "apps/workflows/steps/messages.py": f"mail by the operator's server: {OPERATOR}",
}
OPERATORS_PLACES = (
    "apps/core/embedded/",
    "apps/dispatch/",
    "echopilot/",
    "apps/portal/smoke.py",
    "apps/core/management/",
)


# Modules that wait, or ask the operator's own database, broker, resolver or mail server.
QUIET = {
    "apps/accounts/mail.py": OPERATOR,
    "apps/workflows/announcing/telling.py": OPERATOR,
    "apps/workflows/approvals/mailing.py": OPERATOR,
    "apps/portal/website/contact.py": OPERATOR,
    "apps/connectors/budget.py": OPERATOR,
    "apps/core/preflight_checks.py": OPERATOR,
    "apps/core/probes.py": OPERATOR,
    "apps/core/reencryption.py": "composes SQL",
    "apps/live/source.py": OPERATOR,
    "apps/live/hub.py": "waits",
    "apps/live/streams.py": "waits",
    "apps/tenants/resolving.py": "asks the system's own resolver for names people claim; connects to nothing they name",
}
# Connector folders and the SDKs they are built on; all of them are handed a wire.
SDKS = {
    "mail": {"smtplib", "socket", "ssl"}, "telegram": {"asyncio", "telegram"}, "stripe": {"stripe"}, "slack": {"slack_sdk"}, "github": {"github"},
    "s3": {"boto3", "botocore"}, "drive": {"googleapiclient"}, "google.py": {"googleapiclient"}, "gmail": {"googleapiclient"},
    "hubspot": {"hubspot"}, "airtable": {"pyairtable"}, "resend": {"resend"},
}  # fmt: skip


def files() -> list[Path]:
    return sorted(
        path
        for folder in ("apps", "echopilot")
        for path in (ROOT / folder).rglob("*.py")
        if "migrations" not in path.parts
    )


def imported(source: str) -> set[str]:
    """Names of the network's modules that a module imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            parts = name.split(".")
            found |= NETWORK & {".".join(parts[: size + 1]) for size in range(len(parts))}
    return found


def guarded_sites(source: str) -> set[str]:
    """Calls of the guarded way out in a module."""
    doors = {"client", "http2_client", "open_socket", "guarded_session", "check_url", "Wire"}
    tree, found, known = ast.parse(source), set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
            ("apps.core.outbound", "apps.connectors.wire")
        ):
            known |= {alias.asname or alias.name for alias in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = (
                node.func.id
                if isinstance(node.func, ast.Name)
                else node.func.attr
                if isinstance(node.func, ast.Attribute)
                else ""
            )
            through = (
                isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "outbound"
            )
            if name in doors and (through or (isinstance(node.func, ast.Name) and name in known)):
                found.add(name)
    return found


def test_who_touches_the_network_is_listed_with_a_reason() -> None:
    wrong = {}
    for path in files():
        name = str(path.relative_to(ROOT))
        libraries = imported(path.read_text())
        if name.startswith("apps/connectors/providers/"):
            libraries -= SDKS.get(Path(name).parts[3], set())
        if libraries and name not in LISTED and name not in QUIET and not name.startswith(OPERATORS_PLACES):
            wrong[name] = sorted(libraries)
    assert wrong == {}


def test_the_list_names_nothing_that_is_gone() -> None:
    gone = [name for name in (*LISTED, *QUIET) if not (ROOT / name).exists() or not imported((ROOT / name).read_text())]
    assert gone == []


def test_every_call_of_the_guarded_way_out_is_tried_with_hostile_addresses() -> None:
    from tests.hostile.callers import all_callers

    tried = {name for caller in all_callers() for name in caller.covers}
    sites = {str(path.relative_to(ROOT)) for path in files() if guarded_sites(path.read_text())}
    own = {name for name in sites if name.startswith("apps/core/outbound/")}
    assert sites - own - tried == set()


@pytest.mark.parametrize(
    ("source", "found"),
    [("import requests", True), ("def f():\n    from urllib import request", True), ("from http import client", True), ("import json", False),
     ("from django.core.mail import send_mail", True), ("from urllib.parse import urlsplit", False), ("import httpx as h", True)],
)  # fmt: skip
def test_the_rule_catches_what_it_should(source: str, found: bool) -> None:
    assert bool(imported(source)) is found


def test_a_new_call_of_the_way_out_is_seen() -> None:
    assert guarded_sites("from apps.core.outbound import client\ndef f():\n    client(purpose='x')") == {"client"}
    assert guarded_sites("from apps.core import outbound\noutbound.open_socket('h', 1)") == {"open_socket"}
    assert guarded_sites("client(1)") == set()
