"""`manage.py tasks`: what operators ask about tasks, and the replay of dead letters."""

from datetime import UTC, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.accounts import facade as accounts
from apps.core.errors import PlatformError
from apps.tasks import facade
from apps.tasks.services.clock import database_now
from apps.tenants import facade as tenants

MICROS = 1_000_000


class Command(BaseCommand):
    """Lists and replays."""

    help = (
        "Tasks of one tenant: `dead` lists failed tasks, `stuck` those nobody touched for half an hour and why, "
        "`replay` starts "
        "failed ones again, `metrics` prints and stores daily figures. Exit code 1 when something is refused or a replay fails."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Arguments."""
        parser.add_argument("action", choices=["dead", "stuck", "replay", "metrics"], help="What to do, as said above.")
        parser.add_argument("ids", nargs="*", help="Task ids or numbers for `replay`; `all` means every dead letter.")
        parser.add_argument("--tenant", required=True, help="Slug of the tenant.")
        parser.add_argument("--by", help="E-mail address of the member in whose name `replay` acts.")
        parser.add_argument("--days", type=int, default=7, help="How many days of `metrics`, today included.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run one action in the tenant's context."""
        try:
            with tenants.tenant_context(tenants.get_tenant(slug=options["tenant"])):
                getattr(self, f"_{options['action']}")(options)
        except PlatformError as error:
            where = "; ".join(f"{name}: {text}" for name, text in error.fields.items())
            raise CommandError(f"{error.text} {where} [{error.code}]".replace("  ", " ")) from error

    def _dead(self, options: dict[str, Any]) -> None:
        for letter in facade.list_dead_letters():
            self.stdout.write(
                f"#{letter.number} {letter.task_id} {letter.failed_at:%Y-%m-%d %H:%M} {letter.error_code}: {letter.error}"
            )

    def _stuck(self, options: dict[str, Any]) -> None:
        for task in facade.find_stuck():
            self.stdout.write(f"#{task.number} {task.task_id} idle {task.idle_s:.0f} s {task.cause}: {task.advice}")

    def _replay(self, options: dict[str, Any]) -> None:
        letters = facade.list_dead_letters()
        numbers = {str(letter.number): letter.task_id for letter in letters}
        wanted = [letter.task_id for letter in letters] if options["ids"] == ["all"] else [
            numbers.get(given.removeprefix("#"), given) for given in options["ids"]
        ]  # fmt: skip
        if not wanted:
            raise CommandError("Name the tasks to replay by id or number, or say `all`.")
        if not options["by"]:
            raise CommandError(
                "Say in whose name with --by <e-mail>: a replay costs money, so somebody answers for it."
            )
        answers = facade.replay_dead(task_ids=wanted, user_id=_member_id(options["by"]))
        for task_id, problem in answers.items():
            self.stdout.write(f"{task_id} {problem or 'started'}")
        if any(answers.values()):
            raise CommandError("Some tasks could not be started again.")

    def _metrics(self, options: dict[str, Any]) -> None:
        if not 1 <= options["days"] <= 366:
            raise CommandError("--days is a number from 1 to 366.")
        last = database_now().astimezone(UTC).date()
        first = last - timedelta(days=options["days"] - 1)
        for back in range(options["days"]):
            facade.roll_up(day=last - timedelta(days=back))
        self.stdout.write(
            "day        type             client               sent done fail person first%  p50 ms  p95 ms   tokens       USD score"
        )
        for row in facade.job_metrics(first=first, last=last):
            share = f"{100 * row.passed_first_time / row.done:.0f}" if row.done else "-"
            score = "-" if row.score_avg is None else f"{row.score_avg:.1f}"
            self.stdout.write(
                f"{row.day} {row.task_type:16} {row.client[:20]:20} {row.submitted:4} {row.done:4} {row.failed:4} "
                f"{row.to_person:6} "
                f"{share:>6} {row.duration_ms_p50 or '-':>7} {row.duration_ms_p95 or '-':>7} {row.tokens:8} "
                f"{row.cost_micros / MICROS:9.6f} {score:>5}"
            )


def _member_id(email: str) -> int:
    for member in accounts.list_members(tenant_id=tenants.current_tenant().id):
        if member.user.email.lower() == email.lower():
            return int(member.user_id)
    raise CommandError(f"Nobody with the address {email} belongs to this tenant.")
