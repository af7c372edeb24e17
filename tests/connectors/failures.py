"""The failures every service shows, and the error each of them must become. One parametrised test per service uses them."""

from collections.abc import Mapping

import pytest

from apps.connectors.errors import (
    AccessMissing,
    CredentialsRefused,
    OutcomeUnknown,
    RateLimited,
    RemoteNotFound,
    RemoteRefused,
    RemoteUnavailable,
)

# what the service does -> the error of a read
READS = [
    pytest.param({"kind": "status", "status": 429, "headers": {"Retry-After": "7"}}, RateLimited, id="429"),
    pytest.param({"kind": "status", "status": 401}, CredentialsRefused, id="401"),
    pytest.param({"kind": "status", "status": 403}, AccessMissing, id="403"),
    pytest.param({"kind": "status", "status": 404}, RemoteNotFound, id="404"),
    pytest.param({"kind": "status", "status": 422}, RemoteRefused, id="422"),
    pytest.param({"kind": "status", "status": 500}, RemoteUnavailable, id="500"),
    pytest.param({"kind": "status", "status": 503}, RemoteUnavailable, id="503"),
    pytest.param({"kind": "drop"}, RemoteUnavailable, id="drop"),
    pytest.param({"kind": "slow", "seconds": 3}, RemoteUnavailable, id="slow"),
]
# what the service does to a write that must not be repeated unseen -> the error
WRITES = [
    pytest.param({"kind": "status", "status": 429, "headers": {"Retry-After": "7"}}, RateLimited, id="429"),
    pytest.param({"kind": "status", "status": 500}, OutcomeUnknown, id="500-before"),
    pytest.param({"kind": "status_after", "status": 500}, OutcomeUnknown, id="500-after"),
    pytest.param({"kind": "drop"}, OutcomeUnknown, id="drop-before"),
    pytest.param({"kind": "drop_after"}, OutcomeUnknown, id="drop-after"),
    pytest.param({"kind": "slow_after", "seconds": 3}, OutcomeUnknown, id="slow-after"),
    pytest.param({"kind": "garbled"}, OutcomeUnknown, id="garbled"),
]


def patience(fault: Mapping[str, object]) -> float:
    """Seconds a call may take: few where the answer is late on purpose, else more than a busy machine needs."""
    return 1.5 if str(fault["kind"]).startswith("slow") else 20
