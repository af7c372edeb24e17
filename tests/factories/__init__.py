"""Makes rows for tests: people and memberships. The cast of acme and globex is there already (``tests/cast.py``)."""

from tests.factories.accounts import MembershipFactory, UserFactory

__all__ = ["MembershipFactory", "UserFactory"]
