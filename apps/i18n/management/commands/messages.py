"""``manage.py messages``: collect the texts of the product, bring the catalogues up to date, compile them, say what is missing."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.core.management.commands import makemessages
from django.utils.translation import to_locale

from apps.core.errors import Misconfigured
from apps.i18n.catalogues import count_origins
from apps.i18n.checking import problems_of, require_gettext
from apps.i18n.codes import NAMES, SOURCE
from apps.i18n.compiling import compile_catalogue, start_catalogue
from apps.i18n.packages import update_package_catalogue

IGNORED = ("var/*", ".venv/*", "tests/*", "docs/*", "requirements/*", "docker/*", "node_modules/*", "frontend/*")


class Extraction(makemessages.Command):
    """Django's, without guesses: a text that resembles an old one is a new text."""

    msgmerge_options = ["-q", "--backup=none", "--previous", "--update", "--no-fuzzy-matching"]
    # Other names the code imports the functions under.
    xgettext_options = [*makemessages.Command.xgettext_options, "--keyword=_lazy", "--keyword=lazy", "--keyword=noop"]


class Command(BaseCommand):
    """See the module."""

    help = "Collect texts into locale/<code>/LC_MESSAGES/django.po, compile, and report what is untranslated or wrong."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--language", action="append", default=[], help="Start or update this one (default: all started)."
        )
        parser.add_argument("--compile", action="store_true", help="Only compile; needs no gettext.")

    def handle(self, **options: Any) -> None:
        codes = options["language"] or [code for code, _n, _o in NAMES if code != SOURCE and _ours(code).exists()]
        unknown = set(codes) - {code for code, _n, _o in NAMES}
        if unknown:
            raise CommandError(
                f"Unknown: {', '.join(sorted(unknown))}. Known: {', '.join(code for code, _n, _o in NAMES)}."
            )
        if not options["compile"]:
            self._collect(codes)
        wrong = [line for code in codes for line in self._finish(code)]
        if wrong:
            raise CommandError("\n".join(wrong))

    def _collect(self, codes: list[str]) -> None:
        try:
            require_gettext()
        except Misconfigured as error:
            raise CommandError(error.text) from error
        for code in codes:
            start_catalogue(_ours(code), code)
        call_command(
            Extraction(),
            locale=[to_locale(code) for code in codes],
            ignore_patterns=list(IGNORED),
            add_location="file",
            no_obsolete=True,
            no_wrap=True,
            verbosity=0,
        )
        for code in codes:
            update_package_catalogue(code)

    def _finish(self, code: str) -> list[str]:
        """Compile what there is of a language; returns its mistakes."""
        wrong = []
        for place in settings.LOCALE_PATHS:
            path = Path(place) / to_locale(code) / "LC_MESSAGES" / "django.po"
            if not path.exists():
                continue
            compile_catalogue(path)
            origins = count_origins(path.read_text(encoding="utf-8"))
            name = path.relative_to(settings.BASE_DIR)
            self.stdout.write(
                f"{name}: {origins.total} texts, {origins.percent} % shown"
                f" ({origins.reviewed} reviewed, {origins.written} written, {origins.draft} drafts, {origins.missing} missing)"
            )
            wrong += [f"{name}: {line}" for line in problems_of(path)]
        return wrong


def _ours(code: str) -> Path:
    return Path(settings.LOCALE_PATHS[0]) / to_locale(code) / "LC_MESSAGES" / "django.po"
