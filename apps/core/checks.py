"""System checks of the kernel: what the environment got wrong, keys that must not reach production."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core import checks

from apps.core import crypto
from apps.core.errors import Misconfigured
from apps.core.outbound.addresses import parse_allowance

MISSPELT = "core.W001"
DERIVED_KEY = "core.W002"
BAD_KEYRING = "core.E001"
BAD_ALLOWANCE = "core.E002"


@checks.register(checks.Tags.compatibility)
def check_environment_names(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Variables nobody reads that look like ours."""
    suspects: dict[str, str] = getattr(settings, "MISSPELT_VARIABLES", {})
    return [
        checks.Warning(
            f"The environment variable {name} is not read by anything.",
            hint=f"Did you mean {right}?" if right else "See echopilot/settings/environment.py for the known names.",
            id=MISSPELT,
        )
        for name, right in suspects.items()
    ]


@checks.register(checks.Tags.security)
def check_encryption_keys(**_kwargs: Any) -> list[checks.CheckMessage]:
    """The keyring can be read; a derived key is for development only."""
    if not settings.ENCRYPTION_KEYS:
        return [
            checks.Warning(
                "ENCRYPTION_KEYS is not set: stored credentials are encrypted with a key derived from SECRET_KEY.",
                hint=f"Fine for development. {crypto.HINT}",
                id=DERIVED_KEY,
            )
        ]
    try:
        crypto.parse_keyring(settings.ENCRYPTION_KEYS)
    except Misconfigured as error:
        return [checks.Error(error.text, hint=crypto.HINT, id=BAD_KEYRING)]
    return []


@checks.register(checks.Tags.security)
def check_outbound_allowance(**_kwargs: Any) -> list[checks.CheckMessage]:
    """The allow-list of outgoing calls can be read."""
    try:
        parse_allowance((*settings.OUTBOUND_ALLOW, *settings.OUTBOUND_ALLOW_OPERATOR))
    except ValueError as error:
        return [checks.Error(str(error), hint="OUTBOUND_ALLOW=127.0.0.1:9000,10.1.0.0/16", id=BAD_ALLOWANCE)]
    return []
