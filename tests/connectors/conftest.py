"""Worlds for the tests of connectors."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.connectors.world import World


@pytest.fixture
def world(tenant: object) -> "Iterator[World]":
    """A sandbox with its databases set up, inside acme. Every exchange must fit the official client's types."""
    from tests.connectors.world import opened

    with opened() as ready:
        yield ready
        assert not ready.wrong_shapes


@pytest.fixture
def bare(tenant: object) -> "Iterator[World]":
    """A connected sandbox without databases."""
    from tests.connectors.world import opened

    with opened(set_up=False) as ready:
        yield ready
        assert not ready.wrong_shapes


@pytest.fixture
def no_connections(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every attempt to connect to an address outside this list is noted; the database's own sockets are not Python's."""
    import socket

    attempts: list[object] = []
    real = socket.socket.connect

    def connect(self: socket.socket, address: object) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            attempts.append(address)
        real(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
    return attempts
