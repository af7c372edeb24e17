"""What a local installation consists of: which settings it hands out and which processes it runs."""

import base64
import contextlib
import secrets
import sys
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

from dotenv import dotenv_values

from apps.core.embedded.places import ROOT
from apps.core.embedded.supervisor import Service

WEB_PORT, EVENTS_PORT, NOTION_PORT, MODEL_PORT = 8000, 8001, 8090, 8091
SANDBOX_TOKEN = "secret_sandbox"  # noqa: S105  (the sandbox knows no other)
SANDBOX_PARENT_PAGE = "00000000-0000-4000-8000-000000000001"


def sandbox_settings(*, port: int) -> dict[str, str]:
    """Settings that lead to the Notion sandbox on ``port``."""
    return {
        "NOTION_BASE_URL": f"http://127.0.0.1:{port}",
        "NOTION_TOKEN": SANDBOX_TOKEN,
        "NOTION_PARENT_PAGE_ID": SANDBOX_PARENT_PAGE,
    }


def kept_secrets(path: Path, *, given: Mapping[str, str]) -> dict[str, str]:
    """Secrets of this installation, made at its first start and kept: without them stored credentials are unreadable."""
    kept = {name: value for name, value in dotenv_values(path).items() if value}
    fresh = {
        "SECRET_KEY": secrets.token_urlsafe(48),
        "ENCRYPTION_KEYS": f"local:{base64.b64encode(secrets.token_bytes(32)).decode()}",
    }
    if set(fresh) - set(kept):
        kept = {**fresh, **kept}
        write_settings(path, kept)
    return {name: given.get(name) or value for name, value in kept.items()}


def write_settings(path: Path, settings: Mapping[str, str]) -> None:
    """A file that ``environment.py`` reads, for its owner's eyes only."""
    path.touch(mode=0o600)
    path.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))


def python_module(*arguments: str) -> list[str]:
    """A command run by this very interpreter."""
    return [sys.executable, "-m", *arguments]


def manage(*arguments: str) -> list[str]:
    """A management command."""
    return [sys.executable, str(ROOT / "manage.py"), *arguments]


def notion_sandbox(*, port: int, state: Path) -> Service:
    """The stateful stand-in for Notion with a page for people."""
    return Service(
        name="notion-sandbox", title="Notion sandbox", stop_within_s=3,
        command=python_module("tests.servers.notion", "--port", str(port), "--seed", "demo",
                              "--state", str(state)),
        is_ready=answers(f"http://127.0.0.1:{port}/_sandbox/state"),
    )  # fmt: skip


def local_model(*, port: int) -> Service:
    """The bundled small model behind the OpenAI wire protocol."""
    return Service(
        name="local-model", title="Local model", stop_within_s=5,
        command=python_module("apps.ai.local_model", "--port", str(port)),
        is_ready=answers(f"http://127.0.0.1:{port}/v1/models"),
    )  # fmt: skip


def web(*, port: int) -> Service:
    """Portal, API and back office."""
    return Service(
        name="web", title="Web",
        command=python_module("gunicorn", "echopilot.wsgi", "--bind", f"127.0.0.1:{port}", "--worker-class", "gthread",
                              "--workers", "1", "--threads", "8", "--graceful-timeout", "5"),
        is_ready=answers(f"http://127.0.0.1:{port}/readyz"),
    )  # fmt: skip


def events(*, port: int) -> Service:
    """Carries changes to open pages. No access log: addresses hold tickets."""
    return Service(
        name="events", title="Live updates",
        command=python_module("uvicorn", "echopilot.events:application", "--host", "127.0.0.1", "--port", str(port),
                              "--no-access-log", "--no-server-header", "--timeout-graceful-shutdown", "2",
                              "--log-level", "warning"),
        is_ready=answers(f"http://127.0.0.1:{port}/events/healthz"),
    )  # fmt: skip


def worker() -> Service:
    """The loop that claims and does the work."""
    return Service(name="worker", title="Worker", command=manage("worker"), is_ready=lambda: True)


def celery() -> Service:
    """Celery's worker with its beat: wakes the loop on time."""
    return Service(
        name="celery", title="Celery worker and beat", is_ready=lambda: True,
        command=python_module("celery", "-A", "echopilot", "worker", "--beat", "--pool", "threads", "--concurrency", "2",
                              "--loglevel", "INFO"),
    )  # fmt: skip


def answers(url: str) -> Callable[[], bool]:
    """A readiness check: the address answers with success."""

    def check() -> bool:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310
            return bool(response.status < 300)
        return False

    return check
