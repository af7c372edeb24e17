"""Every environment variable the product reads, with its type and meaning: the one place to look one up."""

import os
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parents[2]
VAR = Path(os.environ.get("ECHOPILOT_VAR") or ROOT / "var")
# `none`: the process environment alone counts (tests, containers).
ENV_FILES = () if os.environ.get("ECHOPILOT_ENV_FILES") == "none" else (VAR / "run" / "embedded.env", ROOT / ".env")


class Environment(BaseSettings):
    """Process environment, then ``.env``, then what `make run` wrote about the embedded servers it started."""

    model_config = SettingsConfigDict(env_file=ENV_FILES, extra="ignore", env_ignore_empty=True)

    secret_key: SecretStr | None = Field(None, description="Signs sessions and links. Required in production.")
    encryption_keys: SecretStr | None = Field(
        None, description="Keyring for stored credentials: `id:base64key` pairs, newest first, separated by commas."
    )
    database_url: str = Field("postgresql://echopilot@127.0.0.1:5432/echopilot", description="PostgreSQL 16 or newer.")
    broker_url: str = Field("redis://127.0.0.1:6379/0", description="Valkey or Redis: wake-ups, cache, rate limits.")
    base_domain: str = Field(
        "localhost", description="Tenants live at <slug>.<base_domain>, the platform at the bare name."
    )
    public_port: int = Field(
        8000, ge=0, le=65535, description="Port in links; 0 behind a proxy that serves https on 443."
    )
    events_port: int = Field(
        0, ge=0, le=65535, description="Own port of the events process; 0 behind a proxy that leads /events/ to it."
    )
    allowed_hosts: str = Field("", description="Further host names, separated by commas.")

    trusted_proxies: int = Field(
        0, description="Proxies in front whose X-Forwarded-For entry is believed (rate limits)."
    )

    openai_api_key: SecretStr | None = Field(None, description="Without it the bundled small model answers.")
    openai_base_url: str | None = Field(None, description="Any OpenAI-compatible address.")
    openai_fallback_base_url: str | None = Field(
        None, description="A second OpenAI-compatible address, used when the first fails."
    )
    openai_fallback_api_key: SecretStr | None = Field(None, description="Key for the second address.")
    openai_prices: str | None = Field(
        None, description="Whose price list applies at an own address, e.g. `openai` behind a proxy."
    )
    local_model_url: str | None = Field(None, description="Address of the bundled model's server; set by `make run`.")
    ai_work_model: str | None = Field(None, description="Overrides the model for work (default: GPT-4o class).")
    ai_judge_model: str | None = Field(None, description="Overrides the model for quality review (GPT-4o-mini class).")
    ai_call_timeout_s: float = Field(90, description="Longest wait for one model answer, in seconds.")

    notion_token: SecretStr | None = Field(None, description="Integration token for the demo workspace.")
    notion_base_url: str | None = Field(None, description="Notion's address; `make run` points it at the sandbox.")
    notion_parent_page_id: str | None = Field(None, description="Page under which databases are created.")
    notion_webhook_secret: SecretStr | None = Field(None, description="Verification token of the webhook subscription.")

    connector_google_client_id: str = Field(
        "", description="Connecting Drive and Gmail: client id of an OAuth client for the web."
    )
    connector_google_client_secret: SecretStr | None = Field(None, description="Its secret.")
    connector_slack_client_id: str = Field("", description="Connecting Slack by sign-in: client id of a Slack app.")
    connector_slack_client_secret: SecretStr | None = Field(None, description="Its secret.")
    connector_github_client_id: str = Field("", description="Connecting GitHub by sign-in: client id of a GitHub App.")
    connector_github_client_secret: SecretStr | None = Field(None, description="Its secret.")
    connector_hubspot_client_id: str = Field(
        "", description="Connecting HubSpot by sign-in: client id of a public app."
    )
    connector_hubspot_client_secret: SecretStr | None = Field(None, description="Its secret.")
    connector_airtable_client_id: str = Field(
        "", description="Connecting Airtable by sign-in: client id of an integration."
    )
    connector_airtable_client_secret: SecretStr | None = Field(None, description="Its secret.")
    connector_addresses: str = Field(
        "", description="Other addresses of services, e.g. a sandbox: `slack=http://127.0.0.1:8230,...`."
    )

    stripe_secret_key: SecretStr | None = Field(None, description="Platform's own Stripe account.")
    email_url: str = Field("", description="smtp://user:password@host:port; empty writes mail to var/mail.")
    default_from_email: str = Field("EchoPilot <no-reply@localhost>", description="Sender of the platform's mail.")

    google_client_id: str = Field("", description="Sign-in with Google: client id of an OAuth client for the web.")
    google_client_secret: SecretStr | None = Field(None, description="Its secret.")
    oidc_server_url: str = Field("", description="Sign-in through an OpenID Connect provider: its issuer address.")
    oidc_name: str = Field("Single sign-on", description="What the button says: Continue with <name>.")
    oidc_client_id: str = Field("", description="Client id at that provider.")
    oidc_client_secret: SecretStr | None = Field(None, description="Its secret.")

    metrics_token: SecretStr | None = Field(None, description="Bearer token that opens /metrics from outside.")
    allow_dirty: bool = Field(default=False, description="Let workers run from a checkout with uncommitted changes.")
    git_commit: str | None = Field(None, description="Code revision where no git checkout is present (images).")
    launch_stage: Literal["pre", "post"] = Field(
        "pre", description="Platform stage: pre = outside effects are dry runs."
    )
    outbound_allow: str = Field("", description="Hosts or networks outgoing calls may reach although private; commas.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Level of the log.")
    log_format: Literal["json", "console"] = Field("json", description="json for machines, console for people.")
    echopilot_var: Path = Field(
        ROOT / "var", description="Folder for everything the product writes outside the database."
    )
    static_root: Path | None = Field(
        None, description="Where `collectstatic` gathers files; default: static below the var folder."
    )


def endpoints_of(urls: Iterable[str | None]) -> list[str]:
    """``host:port`` of each configured address; empty ones are left out."""
    found = []
    for url in filter(None, urls):
        parts = urlsplit(url)
        host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname
        found.append(f"{host}:{parts.port or (80 if parts.scheme == 'http' else 443)}")
    return found


# Variables of the platform that are read before or outside of ``Environment``.
FURTHER_NAMES = frozenset({"ECHOPILOT_ENV_FILES", "DJANGO_SETTINGS_MODULE", "PROMETHEUS_MULTIPROC_DIR"})
SIMILARITY = 0.86


def load_environment() -> Environment:
    """Read and check every variable; a wrong one stops the start with one plain line that says what to set."""
    try:
        return Environment()
    except ValidationError as error:
        lines = [f"  {_name(problem)}: {_advice(problem)}" for problem in error.errors(include_url=False)]
        raise SystemExit("The environment is not valid. Correct and start again:\n" + "\n".join(lines)) from None


def known_names() -> frozenset[str]:
    """Every variable the product reads, in upper case."""
    return frozenset(name.upper() for name in Environment.model_fields) | FURTHER_NAMES


def given_names() -> set[str]:
    """Every variable of the process and of the files that are read."""
    from_files = (name for file in ENV_FILES if Path(file).is_file() for name in dotenv_values(file))
    return {name.upper() for name in (*os.environ, *from_files)}


def misspelt_names(given: Iterable[str]) -> dict[str, str]:
    """Given names nobody reads that were probably meant for us, each with the known name closest to it (or "")."""
    known = known_names()
    suspects: dict[str, str] = {}
    for name in sorted(set(given) - known):
        closest = get_close_matches(name, sorted(known), n=1, cutoff=SIMILARITY)
        if closest or name.startswith("ECHOPILOT_"):
            stripped = name.removeprefix("ECHOPILOT_")
            suspects[name] = closest[0] if closest else stripped if stripped in known else ""
    return suspects


def email_settings(url: str, *, folder: Path) -> dict[str, Any]:
    """Django's mail settings for ``smtp://user:password@host:port`` (``smtps`` for TLS from the start); empty: files."""
    if not url:
        return {"EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend", "EMAIL_FILE_PATH": str(folder)}
    parts = urlsplit(url)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise SystemExit("EMAIL_URL: use smtp://user:password@host:587 or smtps://user:password@host:465.")
    secure = parts.scheme == "smtps"
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or (465 if secure else 587),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": secure,
        "EMAIL_USE_TLS": not secure and (parts.port or 587) == 587,
        "EMAIL_TIMEOUT": 20,
    }


def social_providers(env: Environment) -> dict[str, Any]:
    """Settings of allauth for sign-in through other services; those without client id are not offered.

    Redirect address to register there: ``https://<base_domain>/accounts/oidc/<google or sso>/login/callback/``.
    """
    offered = [
        ("google", "Google", "https://accounts.google.com", env.google_client_id, env.google_client_secret),
        ("sso", env.oidc_name, env.oidc_server_url, env.oidc_client_id, env.oidc_client_secret),
    ]
    apps = [
        {
            "provider_id": provider_id,
            "name": name,
            "client_id": client_id,
            "secret": secret.get_secret_value() if secret else "",
            "settings": {"server_url": server_url},
        }
        for provider_id, name, server_url, client_id, secret in offered
        if client_id and server_url
    ]
    return {"openid_connect": {"provider_class": "apps.accounts.oidc.provider.CheckedProvider", "APPS": apps}}


def _name(problem: Any) -> str:
    return str(problem["loc"][0]).upper() if problem["loc"] else "environment"


def _advice(problem: Any) -> str:
    """What to set, without repeating the value: it may be a secret."""
    field = Environment.model_fields.get(str(problem["loc"][0])) if problem["loc"] else None
    meaning = f" ({field.description})" if field and field.description else ""
    expected = {
        "bool_parsing": "set it to true or false",
        "int_parsing": "set it to a whole number",
        "literal_error": f"set it to one of {problem.get('ctx', {}).get('expected', '')}",
    }
    return expected.get(problem["type"], problem["msg"]) + meaning
