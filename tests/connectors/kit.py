"""A connection to a local service, and the engine's moves on it: prepare, unlock, perform, find."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.test import override_settings

from apps.connectors import facade
from apps.connectors.models import Connection
from tests.servers.services.base import Service

Json = Any
PLENTY = 600_000


class Connected:
    """One connection; calls through it go over real HTTP with the official SDK. Must be used inside a tenant's context."""

    def __init__(self, slug: str, service: Any, values: Mapping[str, str]) -> None:
        self.slug, self.service, self.values = slug, service, dict(values)
        self.view = facade.connect(connector=slug, values=values)
        Connection.objects.filter(pk=self.view.id).update(calls_per_minute=PLENTY)
        self.frozen: dict[str, Json] = {}

    @property
    def row(self) -> Connection:
        """The connection's row, as it is now."""
        return Connection.objects.get(pk=self.view.id)

    def act(self, action: str, *, key: str = "key-1", timeout_s: float = 20, **inputs: Json) -> dict[str, Json]:
        """Do one thing."""
        return self.do(action, inputs, key=key, timeout_s=timeout_s)

    def do(
        self, action: str, inputs: Mapping[str, Json], *, key: str = "key-1", timeout_s: float = 20
    ) -> dict[str, Json]:
        """Do one thing. The frozen request never holds a secret."""
        self.frozen = facade.prepare_action(connection_id=self.view.id, action=action, inputs=inputs)
        unlocked = facade.unlock_action(self.frozen)
        for value in self.secrets:
            assert value not in json.dumps(self.frozen)
            assert value not in repr(unlocked)
        return dict(facade.perform_action(self.frozen, unlocked, key=key, timeout_s=timeout_s))

    def find(self, *, key: str = "key-1", timeout_s: float = 20) -> Mapping[str, Json] | None:
        """Whether the last thing done under that key happened."""
        unlocked = facade.unlock_action(self.frozen)
        return facade.find_action(self.frozen, unlocked, key=key, timeout_s=timeout_s)

    @property
    def secrets(self) -> list[str]:
        """What must not show anywhere."""
        return [value for name, value in self.values.items() if name in ("token", "password", "secret_access_key")]


@contextlib.contextmanager
def connected(slug: str, service: Service, **values: str) -> Iterator[Connected]:
    """The service as the operator's own address of that connector, connected with its token."""
    given = values or {"token": service.token}
    with (
        service,
        override_settings(CONNECTOR_ADDRESSES={slug: service.url}, OUTBOUND_ALLOW_OPERATOR=[service.address]),
    ):
        yield Connected(slug, service, given)
