"""A plain connection to a checked address, for protocols other than HTTP."""

from __future__ import annotations

import socket

from django.utils.translation import gettext_lazy as _

from apps.core.outbound.addresses import Resolver, Target, checked_addresses, current_allowance, normal_host
from apps.core.outbound.errors import OutboundFailed, OutboundRefused
from apps.core.outbound.guard import assert_no_transaction, time_left


def open_socket(
    host: str,
    port: int,
    *,
    ports: frozenset[int],
    timeout: float = 10,
    user_given: bool = True,
    resolver: Resolver | None = None,
) -> socket.socket:
    """Connect to one of the checked addresses of ``host``; only ``ports`` are reachable, unless the operator vouches for the pair.

    The caller speaks TLS with the name it was given. Raises ``OutboundRefused`` before anything is sent, ``OutboundFailed`` with
    the ``ConnectionError`` or ``gaierror`` as its cause.
    """
    assert_no_transaction()
    target = Target(scheme="", host=normal_host(host), port=port)
    allowance = current_allowance(user_given=user_given)
    if port not in ports and not allowance.covers_host(target):
        listed = ", ".join(str(one) for one in sorted(ports))
        raise OutboundRefused(fields={"port": _("Only these ports can be used: %(ports)s.") % {"ports": listed}})
    patience = min(timeout, time_left())
    failure: OSError | None = None
    for address in checked_addresses(target, user_given=user_given, resolver=resolver, timeout=patience):
        try:
            return socket.create_connection((address, port), timeout=patience)
        except OSError as error:
            failure = error
    raise OutboundFailed(detail=f"{host}:{port} does not answer") from failure
