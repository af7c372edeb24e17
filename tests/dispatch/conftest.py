"""A queue of our own for tests that commit: tenants far above the cast's ids, removed afterwards."""

from collections.abc import Iterator

import pytest

from tests.dispatch.ground import Ground
from tests.dispatch.kinds import registered


@pytest.fixture
def ground(django_db_setup: None, django_db_blocker: object) -> Iterator[Ground]:
    """Committed rows on this process's test database, seen by every connection; kinds and gate of the tests."""
    with django_db_blocker.unblock(), registered():
        place = Ground()
        place.clean()
        try:
            yield place
        finally:
            place.close()
