"""Start a whole local installation: the same as `make run`, without installing packages."""

from argparse import REMAINDER, ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from apps.core.embedded.up import run


class Command(BaseCommand):
    """Embedded servers, sandboxes, web, worker and beat in the foreground."""

    help = "Start EchoPilot on this machine: servers, sandboxes, web, worker and beat. Ctrl-C stops everything."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("arguments", nargs=REMAINDER, help="--port N, --without web,celery")

    def handle(self, *args: Any, **options: Any) -> None:
        raise SystemExit(run(options["arguments"]))
