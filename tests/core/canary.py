"""Listeners nobody may reach: they count who connects all the same."""

import contextlib
import socket
import threading
from collections.abc import Sequence

LOOPBACK = (("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6))


class Canary:
    """Listens on several addresses at one port; an address this machine does not have is left out."""

    def __init__(self, addresses: Sequence[tuple[str, int]] = LOOPBACK, *, port: int = 0) -> None:
        self.connections = 0
        self.port = port
        self._listeners: list[socket.socket] = []
        for address, family in addresses:
            self._listen(address, family)

    def _listen(self, address: str, family: int) -> None:
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((address, self.port))
        except OSError:
            listener.close()
            return
        listener.listen(64)
        self.port = listener.getsockname()[1]
        self._listeners.append(listener)
        threading.Thread(target=self._count, args=[listener], daemon=True).start()

    def _count(self, listener: socket.socket) -> None:
        while True:
            try:
                peer, _address = listener.accept()
            except OSError:
                return
            self.connections += 1
            with contextlib.suppress(OSError):  # whoever connected may be gone already
                peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\ncanary")
                peer.close()

    def close(self) -> None:
        """Stop listening; what was counted stays."""
        for listener in self._listeners:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
