"""Puts together all that one call through a connection needs, before it leaves the database behind."""

from collections.abc import Mapping
from typing import Any

from apps.connectors import credentials
from apps.connectors.conf import is_operator_address, timing
from apps.connectors.contracts import ActionCall, Connector
from apps.connectors.wire import Wire

Json = Any


def call_for(
    manifest: Connector, *, base_url: str, secret: str, inputs: Mapping[str, Json] | None = None, key: str = "",
    timeout_s: float | None = None, repeatable: bool = True, resolver: Any = None,
) -> ActionCall:  # fmt: skip
    """Everything one call needs. ``repeatable``: making it again does no harm."""
    values = credentials.unpack(secret)
    credentials.mask(manifest, values)
    seconds = timeout_s or timing().call_timeout_s
    operator = is_operator_address(manifest.slug, base_url)
    wire = Wire(
        purpose=manifest.slug, explain=manifest.explain, repeatable=repeatable, operator=operator, timeout_s=seconds,
        max_bytes=timing().max_answer_bytes, resolver=resolver,
    )  # fmt: skip
    return ActionCall(inputs=inputs or {}, base_url=base_url, credentials=values, key=key, timeout_s=seconds, wire=wire,
                      operator=operator)  # fmt: skip
