"""Nothing of one tenant reaches another: the watch that every test runs under, and the tests that give it teeth."""

from tests.isolation.watch import Breach, breaches, watch

__all__ = ["Breach", "breaches", "watch"]
