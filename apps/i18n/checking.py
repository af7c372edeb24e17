"""Mistakes a machine can find in a catalogue: lost placeholders and tags, wrong plural forms, untouched texts."""

import re
import shutil
import subprocess
from pathlib import Path

from babel.messages.catalog import Message

from apps.core.errors import Misconfigured
from apps.i18n.compiling import load

PLACEHOLDER = re.compile(r"%\([^)]*\)[#0\- +]*[\d.]*[a-zA-Z]|%[sdi]|\{[a-z_]+\}")
TAG = re.compile(r"</?[a-z][^>]*>")
NEEDS_GETTEXT = "GNU gettext is not installed. As root: apt-get install gettext; then run the command again."


def problems_of(path: Path) -> list[str]:
    """What is wrong with the translations of a PO file, one line each; untranslated messages are not."""
    catalogue = load(path)
    found = []
    for message in catalogue:
        if not message.id or message.fuzzy:
            continue
        strings = [message.string] if isinstance(message.string, str) else list(message.string or ())
        if not any(strings):
            continue
        found += _problems(message, strings, catalogue.num_plurals)
    return found


def require_gettext() -> None:
    """Raises ``Misconfigured`` naming the Debian package when gettext's programs are not there."""
    if not all(shutil.which(program) for program in ("xgettext", "msgmerge", "msgfmt", "msguniq")):
        raise Misconfigured(NEEDS_GETTEXT)


def msgfmt_complaints(path: Path) -> str:
    """What ``msgfmt --check`` says about a PO file; nothing when all is well. Raises ``Misconfigured`` without gettext."""
    require_gettext()
    done = subprocess.run(  # noqa: S603 - fixed program, path of our own catalogue
        ["msgfmt", "--check", "--output-file=/dev/null", str(path)],  # noqa: S607
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    return done.stderr if done.returncode else ""


def _problems(message: Message, strings: list[str], plurals: int) -> list[str]:
    is_plural = not isinstance(message.id, str)
    title, wanted = (message.id, message.id) if isinstance(message.id, str) else (message.id[0], message.id[1])
    found = []
    if is_plural and (len(strings) != plurals or not all(strings)):
        found.append(f"{title!r}: needs {plurals} plural forms")
    for number, string in enumerate(strings):
        have, need = set(PLACEHOLDER.findall(string)), set(PLACEHOLDER.findall(wanted))
        may_lose_number = is_plural and number == 0  # "one task" may leave its number out
        if have - need or (need - have and not may_lose_number):
            found.append(f"{title!r}: placeholders differ: {', '.join(sorted(have ^ need))}")
        if sorted(TAG.findall(wanted)) != sorted(TAG.findall(string)):
            found.append(f"{title!r}: tags differ")
        if string != string.strip() and wanted == wanted.strip():
            found.append(f"{title!r}: space at the edge")
    return found
