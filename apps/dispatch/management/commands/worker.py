"""`manage.py worker`: the loop without Celery, and without a broker if need be."""

import signal
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.core.errors import PlatformError
from apps.dispatch.process import build_loop
from apps.dispatch.registries import work_kinds


class Command(BaseCommand):
    """Ends with 0 after SIGTERM or SIGINT (running work gets its grace, the rest is given back), with 75 when the lease is lost."""

    help = (
        "Run one worker: claims work items from PostgreSQL and does them. Needs no broker; with one it is woken at once, "
        "without it polls (at most two seconds)."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Options."""
        parser.add_argument("--slots", type=int, help="Most items in flight in this process.")
        parser.add_argument("--kind", action="append", dest="kinds", help="Only this kind of work; repeatable.")
        parser.add_argument("--drain", "--once", action="store_true", help="End as soon as nothing is left to claim.")
        parser.add_argument("--no-broker", action="store_true", help="Send and receive no wake-ups.")
        parser.add_argument(
            "--metrics-port", type=int, help="Serve Prometheus metrics of this process on this loopback port."
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run until told to stop."""
        unknown = [name for name in options["kinds"] or [] if name not in work_kinds]
        if unknown:
            raise CommandError(
                f"Unknown kind {unknown[0]!r}. Known: {', '.join(sorted(kind.name for kind in work_kinds))}."
            )
        if options["slots"] is not None and options["slots"] < 1:
            raise CommandError("--slots must be 1 or more.")
        try:
            loop = build_loop(
                slots=options["slots"],
                kinds=options["kinds"],
                until_empty=options["drain"],
                broker=not options["no_broker"],
                metrics_port=options["metrics_port"],
            )
        except PlatformError as error:
            raise CommandError(error.text) from error
        before = {number: signal.signal(number, lambda *_: loop.stop()) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            loop.run()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
