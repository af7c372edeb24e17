"""Catalogued actions of connectors, in the moves the engine makes: prepare, unlock, perform, find."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import jsonschema_rs

from apps.connectors import budget, connections
from apps.connectors.clock import SYSTEM
from apps.connectors.contracts import Action, ActionCall, RateRule
from apps.connectors.enums import ConnectionState
from apps.connectors.errors import ConnectionOnHold, ConnectionUnknown, CredentialsRefused, PayloadInvalid
from apps.connectors.health import HOLD_RETRY_S
from apps.connectors.registries import connectors
from apps.core import outbound
from apps.core.errors import InvalidInput, NotFound

Json = Any


@dataclass(frozen=True)
class Unlocked:
    """What a call needs and nobody stores; not shown in ``repr``."""

    secret: str = field(repr=False)
    base_url: str


def prepare(*, connection_id: UUID, action: str, inputs: Mapping[str, Json]) -> dict[str, Json]:
    """The frozen request: no secret, nothing that changes between attempts."""
    connection = connections.get(connection_id)
    chosen = _action(connection.connector, action)
    problems = {"/".join(map(str, error.instance_path)) or "inputs": error.message
                for error in jsonschema_rs.validator_for(dict(chosen.input_schema)).iter_errors(dict(inputs))}  # fmt: skip
    if problems:
        raise InvalidInput(fields=problems)
    return {"connection_id": str(connection.pk), "connector": connection.connector, "action": action, "inputs": dict(inputs),
            "effect": str(chosen.effect)}  # fmt: skip


def unlock(request: Mapping[str, Json]) -> Unlocked:
    """Read the secret and take the action's calls from the shared budget."""
    connection = connections.get(UUID(request["connection_id"]))
    if connection.state == ConnectionState.DISABLED:
        raise ConnectionUnknown
    if connection.state == ConnectionState.PAUSED:
        raise ConnectionOnHold(retry_after=HOLD_RETRY_S)
    if connection.state == ConnectionState.ATTENTION:
        raise CredentialsRefused
    rule = RateRule(calls=connection.calls_per_minute, window_s=connectors.get(connection.connector).rate.window_s)
    for _call in range(_action(request["connector"], request["action"]).calls):
        budget.acquire(
            key=f"{connection.connector}:{connection.base_url}:{connection.account_id}", rule=rule, clock=SYSTEM
        )
    return Unlocked(secret=str(connection.secret), base_url=connection.base_url)


def perform(request: Mapping[str, Json], secrets: object, *, key: str, timeout_s: float) -> Mapping[str, Json]:
    """Make the call; an answer that does not fit the action's output schema is ``PayloadInvalid``."""
    action = _action(request["connector"], request["action"])
    with outbound.deadline(timeout_s):
        answer = dict(action.perform(_call(request, secrets, key=key, timeout_s=timeout_s)))
    if not jsonschema_rs.validator_for(dict(action.output_schema)).is_valid(answer):
        raise PayloadInvalid(detail=f"{request['connector']}.{request['action']}: the answer does not fit its schema")
    return answer


def find(request: Mapping[str, Json], secrets: object, *, key: str, timeout_s: float) -> Mapping[str, Json] | None:
    """See the facade. Actions that cannot be looked up answer None only when they are safe to repeat."""
    action = _action(request["connector"], request["action"])
    if action.find is None:
        raise NotFound(detail=f"{request['action']} cannot be looked up")
    with outbound.deadline(timeout_s):
        return action.find(_call(request, secrets, key=key, timeout_s=timeout_s))


def _call(request: Mapping[str, Json], secrets: object, *, key: str, timeout_s: float) -> ActionCall:
    if not isinstance(secrets, Unlocked):
        raise TypeError("perform needs what unlock returned")
    return ActionCall(
        inputs=request["inputs"], base_url=secrets.base_url, secret=secrets.secret, key=key, timeout_s=timeout_s
    )


def _action(connector: str, slug: str) -> Action:
    action = connectors.get(connector).action(slug)
    if action is None:
        raise NotFound(detail=f"{connector} has no action {slug!r}")
    return action
