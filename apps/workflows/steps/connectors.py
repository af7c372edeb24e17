"""Steps that act through a connection: one step type for each action in the connectors' manifests, with the class it declares."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_noop as noop

from apps.connectors import facade as connectors
from apps.connectors.contracts import Action, Connector
from apps.connectors.enums import ActionEffect
from apps.core.reach import READ, UNKNOWN_WRITE, Reach
from apps.workflows.contracts import StepContext, StepHandler, StepResult, UsageLine
from apps.workflows.core.secrets import PLACEHOLDER, filled, handles
from apps.workflows.core.taxonomy import Failure
from apps.workflows.enums import EffectClass
from apps.workflows.services.secrets import open_secrets

# A read may be repeated freely, which is what the engine does with metered calls; nothing is booked for it.
CLASSES = {
    ActionEffect.PURE: EffectClass.METERED,
    ActionEffect.KEYED: EffectClass.KEYED,
    ActionEffect.LOOKUP: EffectClass.LOOKUP,
    ActionEffect.BLIND: EffectClass.BLIND,
}


CONNECTOR_ERRORS = (
    "connection_unknown", "connection_on_hold", "credentials_refused", "connector_token_expired", "connector_access_missing",
    "remote_not_found", "remote_refused", "remote_conflict", "remote_unavailable", "remote_payload_invalid",
    "connector_rate_limited", "connector_blocked", "connector_paused", "unknown_secret",
)  # fmt: skip


@dataclass(frozen=True)
class Opened:
    """What a call needs and nobody stores: the connection's unlocked form, and the secrets by name."""

    call: object
    values: Mapping[str, str] = field(repr=False)


class ConnectorStep(StepHandler):
    """Runs one action of one connector on the connection named by ``with.connection_id``, with ``with.inputs``."""

    timeout_s = 60.0
    category = "connect"
    icon = "plug"
    errors = CONNECTOR_ERRORS
    action = ""
    connector = ""
    input_schema: Mapping[str, Any] = {}
    reach_of: Callable[[Mapping[str, Any]], Reach] | None = None

    def prepare(self, ctx: StepContext) -> Mapping[str, Any]:
        given, inputs = ctx.config.get("connection_id"), ctx.config["inputs"]
        request = connectors.prepare_action(
            connection_id=UUID(given) if given else None, connector=self.connector, action=self.action,
            inputs=filled(inputs, lambda name: PLACEHOLDER),
        )  # fmt: skip
        holes = [[list(path), name] for path, name in handles(inputs)]
        return {**request, "secrets": holes} if holes else request

    def reach(self, request: Mapping[str, Any]) -> Reach:
        if self.reach_of is not None:
            return self.reach_of(request["inputs"])
        return READ if request["effect"] == ActionEffect.PURE else UNKNOWN_WRITE

    def editable(self, request: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        return request["inputs"], self.input_schema

    def edited(self, request: Mapping[str, Any], value: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**request, "inputs": dict(value)}

    def breaker_key(self, ctx: StepContext, request: Mapping[str, Any]) -> str:
        return f"{request['connector']}:{request['connection_id']}" if request["connection_id"] else ""

    def unlock(self, ctx: StepContext, request: Mapping[str, Any]) -> object:
        return Opened(
            connectors.unlock_action(request), open_secrets(name for _path, name in request.get("secrets", ()))
        )

    def perform(self, request: Mapping[str, Any], secrets: object, *, key: str, deadline: float) -> Mapping[str, Any]:
        return connectors.perform_action(_whole(request, secrets), _call(secrets), key=key, timeout_s=_left(deadline))

    def settle(self, ctx: StepContext, request: Mapping[str, Any], response: Mapping[str, Any]) -> StepResult:
        connectors.record_outcome(request)
        return StepResult(output=response)

    def abandon(self, ctx: StepContext, request: Mapping[str, Any], error: Failure) -> None:
        connectors.record_outcome(request, error_code=error.code, problem=error.message, retry_after=error.retry_after)

    def waste(self, ctx: StepContext, request: Mapping[str, Any]) -> tuple[UsageLine, ...] | None:
        return None


class LookupConnectorStep(ConnectorStep):
    """The same for actions whose outcome can be looked up."""

    def find(
        self, request: Mapping[str, Any], secrets: object, *, key: str, deadline: float
    ) -> Mapping[str, Any] | None:
        return connectors.find_action(_whole(request, secrets), _call(secrets), key=key, timeout_s=_left(deadline))


def connector_steps() -> Iterator[StepHandler]:
    """A handler for each action of each registered connector, named ``<connector>.<action>``."""
    for connector in connectors.catalogue():
        for action in connector.actions:
            yield _handler(connector, action)


def _handler(connector: Connector, action: Action) -> StepHandler:
    base = LookupConnectorStep if action.effect == ActionEffect.LOOKUP and action.find is not None else ConnectorStep
    schema = {
        "type": "object",
        "required": [*(["connection_id"] if connector.needs_connection else []), "inputs"],
        "additionalProperties": False,
        "properties": {
            "connection_id": {
                "type": "string",
                "format": "uuid",
                "title": noop("Connection"),
                "connector": connector.slug,
            },
            "inputs": {"title": noop("Settings"), **action.input_schema},
        },
    }
    members = {
        "type": f"{connector.slug}.{action.slug}",
        "title": action.title,
        "description": action.description or connector.description,
        "icon": connector.icon,
        "untrusted": action.effect == ActionEffect.PURE or connector.slug == "http",
        "effect": CLASSES[action.effect],
        "errors": CONNECTOR_ERRORS
        if action.effect == ActionEffect.PURE
        else (*CONNECTOR_ERRORS, "remote_outcome_unknown"),
        "action": action.slug,
        "connector": connector.slug,
        "config_schema": schema,
        "output_schema": action.output_schema,
        "input_schema": action.input_schema,
        "reach_of": staticmethod(action.reach) if action.reach is not None else None,
        "sensitive": {f"inputs.{path}": kind for path, kind in action.sensitive.items()},
    }
    return type(f"{connector.slug.title()}{action.slug.title()}Step", (base,), members)()


def _call(secrets: object) -> object:
    return secrets.call if isinstance(secrets, Opened) else secrets


def _whole(request: Mapping[str, Any], secrets: object) -> Mapping[str, Any]:
    """The request as it is sent: secrets in their places, only in this copy."""
    if not isinstance(secrets, Opened) or not secrets.values:
        return request
    inputs = json.loads(json.dumps(request["inputs"]))
    for way, name in request["secrets"]:
        node = inputs
        for part in way[:-1]:
            node = node[int(part)] if isinstance(node, list) else node[part]
        node[int(way[-1]) if isinstance(node, list) else way[-1]] = str(secrets.values[name])
    return {**request, "inputs": inputs}


def _left(deadline: float) -> float:
    return max(0.1, deadline - time.monotonic())
