"""The one way out: HTTP clients that cannot be talked into reaching the inside.

Every address a person can type ends up here. A name is resolved once, every address it has is checked, the connection goes to
a checked address while TLS and the Host header keep the name. No redirects, proxies, environment, credentials in addresses,
odd ports, endless or oversized answers, and no call while a database transaction is open.
"""

from apps.core.outbound.addresses import check_url
from apps.core.outbound.clients import client, http2_client
from apps.core.outbound.errors import OutboundFailed, OutboundRefused, OutboundTimedOut
from apps.core.outbound.guard import assert_no_transaction, deadline
from apps.core.outbound.pools import close_connections
from apps.core.outbound.sessions import guarded_session
from apps.core.outbound.sockets import open_socket

__all__ = [
    "OutboundFailed",
    "OutboundRefused",
    "OutboundTimedOut",
    "assert_no_transaction",
    "check_url",
    "client",
    "close_connections",
    "deadline",
    "guarded_session",
    "http2_client",
    "open_socket",
]
