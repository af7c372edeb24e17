"""What a connection keeps secret: one token, or several values kept together as JSON, in one encrypted column."""

import json
from collections.abc import Mapping

from apps.connectors.contracts import Connector
from apps.core.redaction import remember_secret

TOKEN = "token"  # noqa: S105 - the name of a field


def pack(values: Mapping[str, str]) -> str:
    """The text to encrypt. A lone token is kept as it is."""
    kept = {name: value for name, value in values.items() if value != ""}
    return kept[TOKEN] if set(kept) == {TOKEN} else json.dumps(kept, separators=(",", ":"), sort_keys=True)


def unpack(secret: str) -> dict[str, str]:
    """The values again; each of them is masked in logs from here on."""
    text = str(secret)
    if not text:
        return {}
    if not text.startswith("{"):
        return {TOKEN: text}
    return {name: str(value) for name, value in json.loads(text).items()}


def mask(manifest: Connector, values: Mapping[str, str]) -> None:
    """Have the secret ones masked wherever this process writes them."""
    secret = {field.name for field in manifest.fields if field.secret} | {TOKEN, "refresh_token"}
    for name, value in values.items():
        if name in secret:
            remember_secret(value)
