"""A web process or a worker that may be killed on its way (``FAULT_AT``): ``python -m tests.workflows.triggers.dying take|begin``."""

import os
import sys

HOST = "acme.localhost"


def take(path: str, body: str) -> None:
    """Post one delivery to the application and print the answer."""
    from django.test import Client

    answer = Client(SERVER_NAME=HOST).post(path, body, content_type="application/json")
    sys.stdout.write(answer.content.decode())


def begin() -> None:
    """Work until nothing that was taken waits to be begun."""
    from apps.dispatch.loop import Loop
    from apps.workflows.triggers.jobs import BEGIN
    from tests.workflows.driving import FAST

    Loop(conf=FAST, kinds=[BEGIN], until_empty=True).run()


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "echopilot.settings.test")
    django.setup()
    {"take": take, "begin": begin}[sys.argv[1]](*sys.argv[2:])
