"""Exit code 0 when the process of this container is ready for traffic: ``healthcheck.py [port] [path]``."""

import http.client
import os
import sys

READY = 200


def main() -> int:
    """Ask ``/readyz``, or the path given, on loopback."""
    port = int(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("PORT", "8000"))
    path = sys.argv[2] if len(sys.argv) > 2 else "/readyz"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=4)
    connection.request("GET", path, headers={"Host": os.environ.get("BASE_DOMAIN", "localhost")})
    return 0 if connection.getresponse().status == READY else 1


if __name__ == "__main__":
    sys.exit(main())
