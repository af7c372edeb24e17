"""Catalogued actions of connectors, in the moves the engine makes: prepare, unlock, perform, find."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import jsonschema_rs
from django.db import connection as database
from django.utils import timezone

from apps.connectors import budget, connections
from apps.connectors.calling import call_for
from apps.connectors.clock import SYSTEM
from apps.connectors.conf import operator_address
from apps.connectors.contracts import Action, ActionCall, RateRule
from apps.connectors.enums import ActionEffect, ConnectionState
from apps.connectors.errors import (
    ConnectionOnHold,
    ConnectionUnknown,
    ConnectorPaused,
    CredentialsRefused,
    OutcomeUnknown,
    PayloadInvalid,
    TokenExpired,
)
from apps.connectors.health import HOLD_RETRY_S
from apps.connectors.models import Connection
from apps.connectors.registries import connectors
from apps.core import outbound
from apps.core.errors import InvalidInput, NotFound
from apps.core.reach import READ, UNKNOWN_WRITE, Reach

Json = Any
REPEATABLE = frozenset({ActionEffect.PURE, ActionEffect.KEYED})
RENEWAL_RETRY_S = 20.0


@dataclass(frozen=True)
class Unlocked:
    """What a call needs and nobody stores; not shown in ``repr``."""

    secret: str = field(repr=False)
    base_url: str


def prepare(
    *, connection_id: UUID | None, action: str, inputs: Mapping[str, Json], connector: str = ""
) -> dict[str, Json]:
    """The frozen request: no secret, nothing that changes between attempts.

    ``connection_id`` None is for a ``connector`` whose actions need no credentials.
    """
    slug = connections.get(connection_id).connector if connection_id else connector
    manifest = connectors.get(slug)
    if connection_id is None and manifest.needs_connection:
        raise InvalidInput(fields={"connection_id": ConnectionUnknown.message})
    chosen = _action(slug, action)
    problems = {"/".join(map(str, error.instance_path)) or "inputs": error.message
                for error in jsonschema_rs.validator_for(dict(chosen.input_schema)).iter_errors(dict(inputs))}  # fmt: skip
    if problems:
        raise InvalidInput(fields=problems)
    return {"connection_id": str(connection_id) if connection_id else "", "connector": slug, "action": action,
            "inputs": dict(inputs), "effect": str(chosen.effect)}  # fmt: skip


def unlock(request: Mapping[str, Json]) -> Unlocked:
    """Read the secret and take the action's calls from the shared budget. No network: an access token that has run out is renewed
    by the sweep, and the call comes again."""
    manifest = connectors.get(request["connector"])
    action = _action(request["connector"], request["action"])
    if not request["connection_id"]:
        key = f"{manifest.slug}:{database.schema_name}:{_host(request['inputs'])}"  # type: ignore[attr-defined]
        _take(key[:200], manifest.rate, action)
        return Unlocked(secret="", base_url=operator_address(manifest.slug) or manifest.base_url)
    connection = connections.get(UUID(request["connection_id"]))
    _usable(connection)
    rule = RateRule(calls=connection.calls_per_minute, window_s=manifest.rate.window_s)
    _take(budget_key(connection), rule, action)
    return Unlocked(secret=str(connection.secret), base_url=connection.base_url)


def perform(request: Mapping[str, Json], secrets: object, *, key: str, timeout_s: float) -> Mapping[str, Json]:
    """Make the call. An answer that does not fit the action's output schema is ``PayloadInvalid``, or leaves the outcome unknown
    where making the call again would do harm."""
    action = _action(request["connector"], request["action"])
    with outbound.deadline(timeout_s):
        call = _call(request, secrets, key=key, timeout_s=timeout_s)
        with call.wire.translated():
            answer = dict(action.perform(call))
    if not jsonschema_rs.validator_for(dict(action.output_schema)).is_valid(answer):
        kind = PayloadInvalid if action.effect in REPEATABLE else OutcomeUnknown
        raise kind(detail=f"{request['connector']}.{request['action']}: the answer does not fit its schema")
    return answer


def find(request: Mapping[str, Json], secrets: object, *, key: str, timeout_s: float) -> Mapping[str, Json] | None:
    """See the facade. Actions that cannot be looked up answer None only when they are safe to repeat."""
    action = _action(request["connector"], request["action"])
    if action.find is None:
        raise NotFound(detail=f"{request['action']} cannot be looked up")
    with outbound.deadline(timeout_s):
        call = _call(request, secrets, key=key, timeout_s=timeout_s, looking=True)
        with call.wire.translated():
            return action.find(call)


def reach_of(request: Mapping[str, Json]) -> Reach:
    """See the facade."""
    action = _action(request["connector"], request["action"])
    if action.reach is not None:
        return action.reach(request["inputs"])
    return READ if action.effect == ActionEffect.PURE else UNKNOWN_WRITE


def budget_key(connection: Connection) -> str:
    """The name under which all processes and tenants count calls to one account."""
    return f"{connection.connector}:{connection.base_url}:{connection.account_id}"[:200]


def _call(
    request: Mapping[str, Json], secrets: object, *, key: str, timeout_s: float, looking: bool = False
) -> ActionCall:
    if not isinstance(secrets, Unlocked):
        raise TypeError("perform needs what unlock returned")
    action = _action(request["connector"], request["action"])
    return call_for(
        connectors.get(request["connector"]), base_url=secrets.base_url, secret=secrets.secret, inputs=request["inputs"],
        key=key, timeout_s=timeout_s, repeatable=looking or action.effect in REPEATABLE,
    )  # fmt: skip


def _usable(connection: Connection) -> None:
    if connection.state == ConnectionState.DISABLED:
        raise ConnectionUnknown
    if connection.state == ConnectionState.PAUSED:
        raise ConnectionOnHold(retry_after=HOLD_RETRY_S)
    if connection.state == ConnectionState.ATTENTION:
        raise CredentialsRefused
    now = timezone.now()
    if connection.paused_until and connection.paused_until > now:
        raise ConnectorPaused(retry_after=(connection.paused_until - now).total_seconds())
    if connection.token_expires_at and connection.token_expires_at <= now:
        raise TokenExpired(retry_after=RENEWAL_RETRY_S)


def _take(key: str, rule: RateRule, action: Action) -> None:
    for _call_number in range(action.calls):
        budget.acquire(key=key, rule=rule, clock=SYSTEM)


def _host(inputs: Mapping[str, Json]) -> str:
    try:
        return urlsplit(str(inputs.get("url", ""))).hostname or ""
    except ValueError:
        return ""


def _action(connector: str, slug: str) -> Action:
    action = connectors.get(connector).action(slug)
    if action is None:
        raise NotFound(detail=f"{connector} has no action {slug!r}")
    return action
