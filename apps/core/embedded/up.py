"""`make run`: ``python -m apps.core.embedded.up [--port N] [--without web,celery]``. Ctrl-C stops everything."""

import argparse
import sys
import time

from apps.core.embedded.console import Console
from apps.core.embedded.launcher import Launcher, StopAsked, given_settings
from apps.core.embedded.lockfile import AlreadyRunning
from apps.core.embedded.outside import OutsideError
from apps.core.embedded.places import PlaceError, Places
from apps.core.embedded.postgres import EmbeddedPostgresError
from apps.core.embedded.product import WEB_PORT
from apps.core.embedded.supervisor import ServiceFailed
from apps.core.embedded.valkey import EmbeddedValkeyError

PARTS = ("web", "events", "worker", "celery")
EXPECTED = (AlreadyRunning, OutsideError, PlaceError, EmbeddedPostgresError, EmbeddedValkeyError, ServiceFailed)


def run(arguments: list[str]) -> int:
    """Run until asked to stop. Exit code 0 after a clean stop, 1 after a start that failed (the reason is printed)."""
    options = _parse(arguments)
    console, began = Console(), time.monotonic()
    console.say("EchoPilot is starting. The first start takes a few minutes, later ones seconds.")
    without = set(filter(None, options.without.split(",")))
    if without - set(PARTS):
        console.say(f"--without knows {', '.join(PARTS)}; not {', '.join(sorted(without - set(PARTS)))}.")
        return 2
    launcher = Launcher(places=Places.of_this_process(), console=console, web_port=options.port,
                        given=given_settings(), parts=frozenset(PARTS) - without)  # fmt: skip
    code = 0
    try:
        launcher.start()
        console.say(_welcome(launcher.settings, seconds=time.monotonic() - began))
        launcher.watch()
    except StopAsked:
        console.say()
    except AlreadyRunning as refused:
        console.say(f"\n{refused}")
        return 1
    except EXPECTED as problem:
        console.say(f"\n{problem}\n")
        code = 1
    launcher.stop()
    console.say("EchoPilot has stopped." if code == 0 else "EchoPilot could not start; the reason stands above.")
    return code


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make run ARGS=...", description=__doc__)
    parser.add_argument("--port", type=int, default=WEB_PORT, help="Port of the web pages (default: %(default)s).")
    parser.add_argument("--without", default="", help=f"Parts to leave out, separated by commas: {', '.join(PARTS)}.")
    return parser.parse_args(arguments)


def _welcome(settings: dict[str, str], *, seconds: float) -> str:
    port = settings["PUBLIC_PORT"]
    lines = [
        "",
        f"Ready after {seconds:.0f} s.",
        "",
        f"  Portal          http://demo.localhost:{port}/        demo@example.com",
        f"  Back office     http://localhost:{port}/admin/       staff@example.com",
        "  Sign in with the e-mail address; the code is printed here. Or use the password echopilot-demo.",
    ]
    if "NOTION_BASE_URL" in settings:
        lines.append(f"  Notion sandbox  {settings['NOTION_BASE_URL']}/   tick a row, its answer and score come back")
    return "\n".join([*lines, "", "  Ctrl-C stops everything.", ""])


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
