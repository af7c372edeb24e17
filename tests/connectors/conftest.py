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
