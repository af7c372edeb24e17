"""Loopback ports."""

import socket


def free_port(preferred: int = 0) -> int:
    """``preferred`` when nobody listens there, else any loopback TCP port that is free at this moment."""
    for candidate in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", candidate))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("No loopback port is free.")
