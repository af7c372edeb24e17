"""Keys of the providers, read just before sending and never stored or shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apps.ai import conf


class Secrets:
    """API keys by endpoint name. ``repr`` and pickling show nothing."""

    def __init__(self, keys: Mapping[str, str]) -> None:
        self._keys = dict(keys)

    def get(self, endpoint: str) -> str:
        """The key for an endpoint; servers that need none get a placeholder, which the SDK insists on."""
        return self._keys.get(endpoint) or "none"

    def __repr__(self) -> str:
        return "Secrets(****)"

    def __reduce__(self) -> Any:
        raise TypeError("credentials are never stored")


def unlock(plan: Mapping[str, Any]) -> Secrets:
    """The keys the plan's candidates need."""
    wanted = {candidate["endpoint"] for candidate in plan.get("candidates", ())}
    return Secrets({endpoint.name: endpoint.api_key for endpoint in conf.endpoints() if endpoint.name in wanted})
