"""Every environment variable the product reads, with its type and meaning: the one place to look one up."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parents[2]
VAR = Path(os.environ.get("ECHOPILOT_VAR") or ROOT / "var")
# `none`: the process environment alone counts (tests, containers).
ENV_FILES = () if os.environ.get("ECHOPILOT_ENV_FILES") == "none" else (VAR / "run" / "embedded.env", ROOT / ".env")


class Environment(BaseSettings):
    """Process environment, then ``.env``, then what `make run` wrote about the embedded servers it started."""

    model_config = SettingsConfigDict(
        env_file=ENV_FILES, extra="ignore", env_ignore_empty=True
    )

    secret_key: SecretStr | None = Field(None, description="Signs sessions and links. Required in production.")
    encryption_keys: SecretStr | None = Field(
        None, description="Keyring for stored credentials: `id:base64key` pairs, newest first, separated by commas."
    )
    database_url: str = Field("postgresql://echopilot@127.0.0.1:5432/echopilot", description="PostgreSQL 16 or newer.")
    broker_url: str = Field("redis://127.0.0.1:6379/0", description="Valkey or Redis: wake-ups, cache, rate limits.")
    base_domain: str = Field("localhost", description="Tenants live at <slug>.<base_domain>, the platform at the bare name.")
    public_port: int | None = Field(8000, description="Port in links; leave empty behind a proxy on 443.")
    allowed_hosts: str = Field("", description="Further host names, separated by commas.")

    openai_api_key: SecretStr | None = Field(None, description="Without it the bundled small model answers.")
    openai_base_url: str | None = Field(None, description="Any OpenAI-compatible address.")
    local_model_url: str | None = Field(None, description="Address of the bundled model's server; set by `make run`.")
    ai_work_model: str | None = Field(None, description="Overrides the model for work (default: GPT-4o class).")
    ai_judge_model: str | None = Field(None, description="Overrides the model for quality review (GPT-4o-mini class).")

    notion_token: SecretStr | None = Field(None, description="Integration token for the demo workspace.")
    notion_base_url: str | None = Field(None, description="Notion's address; `make run` points it at the sandbox.")
    notion_parent_page_id: str | None = Field(None, description="Page under which databases are created.")
    notion_webhook_secret: SecretStr | None = Field(None, description="Verification token of the webhook subscription.")

    stripe_secret_key: SecretStr | None = Field(None, description="Platform's own Stripe account.")
    email_url: str = Field("", description="smtp://user:password@host:port; empty writes mail to var/mail.")
    default_from_email: str = Field("EchoPilot <no-reply@localhost>", description="Sender of the platform's mail.")

    allow_dirty: bool = Field(False, description="Let workers run from a checkout with uncommitted changes.")
    git_commit: str | None = Field(None, description="Code revision where no git checkout is present (images).")
    launch_stage: Literal["pre", "post"] = Field("pre", description="Platform stage: pre = outside effects are dry runs.")
    outbound_allow: str = Field("", description="Hosts or networks outgoing calls may reach although private; commas.")
    log_level: str = Field("INFO", description="Level of the JSON log.")
    log_format: Literal["json", "console"] = Field("json", description="json for machines, console for people.")
    echopilot_var: Path = Field(ROOT / "var", description="Folder for everything the product writes outside the database.")


def endpoints_of(urls: Iterable[str | None]) -> list[str]:
    """``host:port`` of each configured address; empty ones are left out."""
    found = []
    for url in filter(None, urls):
        parts = urlsplit(url)
        host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname
        found.append(f"{host}:{parts.port or (80 if parts.scheme == 'http' else 443)}")
    return found
