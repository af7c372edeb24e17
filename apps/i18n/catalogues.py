"""What stands in the message catalogues: how much of a language is there, and where each text came from.

A catalogue is a PO file (GNU gettext manual, "The Format of PO Files"). A translation marked ``fuzzy`` is a machine draft and is
never shown to people. A translator's comment ``# origin: reviewed`` says that a second reader of the language has checked the
text; without one it was written for this product and awaits that reader.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.utils.translation import to_locale

REVIEWED = re.compile(r"^# origin:\s*reviewed\b")


@dataclass(frozen=True, kw_only=True)
class Origins:
    """Counts of messages. ``written`` + ``reviewed`` are shown to people; ``draft`` and ``missing`` appear in English."""

    written: int = 0
    reviewed: int = 0
    draft: int = 0
    missing: int = 0

    @property
    def total(self) -> int:
        """All messages."""
        return self.written + self.reviewed + self.draft + self.missing

    @property
    def percent(self) -> int:
        """Share of texts people see in the language, 0 to 100, rounded down; 0 for an empty catalogue."""
        return 100 * (self.written + self.reviewed) // self.total if self.total else 0

    def __add__(self, other: "Origins") -> "Origins":
        return Origins(
            written=self.written + other.written,
            reviewed=self.reviewed + other.reviewed,
            draft=self.draft + other.draft,
            missing=self.missing + other.missing,
        )


def catalogue_paths(code: str) -> list[Path]:
    """The PO files of a language that exist: our own texts, then those of packages."""
    places = [Path(place) / to_locale(code) / "LC_MESSAGES" / "django.po" for place in settings.LOCALE_PATHS]
    return [path for path in places if path.exists()]


def count_origins(catalogue: str) -> Origins:
    """Sort the messages of a PO file's text by origin; a plural counts once, and only when each of its forms is there."""
    counts = {"written": 0, "reviewed": 0, "draft": 0, "missing": 0}
    for block in re.split(r"\n[ \t]*\n", catalogue.replace("\r\n", "\n")):
        lines = [line for line in block.splitlines() if not line.startswith("#~")]
        if not any(line.startswith("msgid ") for line in lines) or _text(lines, "msgid") == "":
            continue
        counts[_origin(lines)] += 1
    return Origins(**counts)


def _origin(lines: list[str]) -> str:
    keys = [line.split(" ", 1)[0] for line in lines if line.startswith("msgstr")]
    if not keys or not all(_text(lines, key) for key in keys):
        return "missing"
    if any(line.startswith("#,") and "fuzzy" in line for line in lines):
        return "draft"
    return "reviewed" if any(REVIEWED.match(line) for line in lines) else "written"


def _text(lines: list[str], key: str) -> str:
    """The joined string after ``key``, across its continuation lines."""
    parts: list[str] = []
    for line in lines:
        if line.startswith(f"{key} "):
            parts.append(line[len(key) + 1 :].strip()[1:-1])
        elif parts and line.startswith('"'):
            parts.append(line.strip()[1:-1])
        elif parts:
            break
    return "".join(parts)
