"""`manage.py launch post --by staff@example.com --reason "..."`: open the platform, or take it back before launch."""

from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import CommandParser

from apps.core.errors import NotAllowed
from apps.tenants.context import public_context
from apps.tenants.enums import LaunchStage
from apps.tenants.management.base import EXITS, PlatformCommand
from apps.tenants.services.launch import change_platform_launch_stage, platform_launch_stage


class Command(PlatformCommand):
    """The platform goes first: before it is launched, acts outside are dry runs in every workspace."""

    help = f"Show the platform's launch stage, or change it; each workspace then decides for itself. {EXITS}"

    def add_arguments(self, parser: CommandParser) -> None:
        """Stage, person, reason."""
        parser.add_argument("stage", nargs="?", default="", help="pre or post; without it, the present one is shown")
        parser.add_argument("--by", default="", metavar="EMAIL", help="the superuser in whose name it is recorded")
        parser.add_argument("--reason", default="", help="why; kept with the change")

    def run(self, **options: Any) -> None:
        """Change it when a stage is given, and say what it is."""
        with public_context():
            if options["stage"]:
                person = get_user_model().objects.filter(email__iexact=options["by"], is_active=True).first()
                if person is None:
                    raise NotAllowed(detail=f"nobody is called {options['by']!r}")
                change_platform_launch_stage(stage=options["stage"], user=person, reason=options["reason"])
            stage = platform_launch_stage()
        self.say(f"The platform is {'launched' if stage == LaunchStage.POST else 'before launch'} ({stage.value}).")
