"""Exit code 0 when the web process of this container is ready for traffic."""

import http.client
import os
import sys

READY = 200


def main() -> int:
    """Ask ``/readyz`` on loopback."""
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("PORT", "8000")), timeout=4)
    connection.request("GET", "/readyz", headers={"Host": os.environ.get("BASE_DOMAIN", "localhost")})
    return 0 if connection.getresponse().status == READY else 1


if __name__ == "__main__":
    sys.exit(main())
