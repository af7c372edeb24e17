"""One poll of a trigger that has no webhook."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import jsonschema_rs

from apps.connectors import actions, budget, calls, connections
from apps.connectors.calling import call_for
from apps.connectors.clock import SYSTEM
from apps.connectors.contracts import NewEvents, RateRule
from apps.connectors.health import watched
from apps.connectors.registries import connectors
from apps.core.errors import InvalidInput, NotFound


def poll(*, connection_id: UUID, trigger: str, settings: Mapping[str, Any], cursor: str) -> NewEvents:
    """See ``facade.poll_trigger``."""
    connection = connections.get(connection_id)
    manifest = connectors.get(connection.connector)
    chosen = manifest.trigger(trigger)
    if chosen is None or chosen.poll is None:
        raise NotFound(detail=f"{manifest.slug} has no polled trigger {trigger!r}")
    problems = {"/".join(map(str, error.instance_path)) or "settings": error.message
                for error in jsonschema_rs.validator_for(dict(chosen.input_schema)).iter_errors(dict(settings))}  # fmt: skip
    if problems:
        raise InvalidInput(fields=problems)
    rule = RateRule(calls=connection.calls_per_minute, window_s=manifest.rate.window_s)
    with watched(connection, clock=SYSTEM):
        budget.acquire(key=actions.budget_key(connection), rule=rule, clock=SYSTEM)
        call = call_for(manifest, base_url=connection.base_url, secret=str(connection.secret), inputs=settings)
        with calls.noted(connection, trigger), call.wire.translated():
            return chosen.poll(call, cursor)
