"""The languages of the product: direction, own name, and how much of the catalogue is there.

The list is data: a language is offered to people as soon as its catalogue covers ``OFFERED_FROM`` percent of the texts; until
then it is listed with what it covers, so that nobody takes a half-translated page for a finished one.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings

OFFERED_FROM = 60
RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})
SOURCE = "en"

# Code, English name, own name. Forty locales, the most spoken first by family.
_NAMES: tuple[tuple[str, str, str], ...] = (
    ("en", "English", "English"), ("es", "Spanish", "Español"), ("ur", "Urdu", "اردو"), ("ar", "Arabic", "العربية"),
    ("zh-hans", "Simplified Chinese", "简体中文"), ("zh-hant", "Traditional Chinese", "繁體中文"), ("hi", "Hindi", "हिन्दी"),
    ("fr", "French", "Français"), ("pt", "Portuguese", "Português"), ("pt-br", "Brazilian Portuguese", "Português do Brasil"),
    ("bn", "Bengali", "বাংলা"), ("ru", "Russian", "Русский"), ("ja", "Japanese", "日本語"), ("de", "German", "Deutsch"),
    ("ko", "Korean", "한국어"), ("it", "Italian", "Italiano"), ("tr", "Turkish", "Türkçe"), ("vi", "Vietnamese", "Tiếng Việt"),
    ("pl", "Polish", "Polski"), ("uk", "Ukrainian", "Українська"), ("fa", "Persian", "فارسی"), ("nl", "Dutch", "Nederlands"),
    ("id", "Indonesian", "Bahasa Indonesia"), ("th", "Thai", "ไทย"), ("ta", "Tamil", "தமிழ்"), ("te", "Telugu", "తెలుగు"),
    ("mr", "Marathi", "मराठी"), ("sw", "Swahili", "Kiswahili"), ("he", "Hebrew", "עברית"), ("el", "Greek", "Ελληνικά"),
    ("cs", "Czech", "Čeština"), ("sv", "Swedish", "Svenska"), ("da", "Danish", "Dansk"), ("nb", "Norwegian", "Norsk bokmål"),
    ("fi", "Finnish", "Suomi"), ("hu", "Hungarian", "Magyar"), ("ro", "Romanian", "Română"), ("bg", "Bulgarian", "Български"),
    ("ms", "Malay", "Bahasa Melayu"), ("az", "Azerbaijani", "Azərbaycanca"),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Language:
    """One language. ``coverage`` is the percentage of texts with a translation, 0 to 100, rounded down."""

    code: str
    name: str
    own_name: str
    direction: str
    coverage: int

    @property
    def is_offered(self) -> bool:
        """Whether people may choose it."""
        return self.coverage >= OFFERED_FROM


@lru_cache(maxsize=1)
def list_languages() -> tuple[Language, ...]:
    """All languages in a fixed order; coverage is read from the catalogues once per process."""
    return tuple(
        Language(
            code=code,
            name=name,
            own_name=own,
            direction="rtl" if code in RIGHT_TO_LEFT else "ltr",
            coverage=_coverage(code),
        )
        for code, name, own in _NAMES
    )


def offered_languages() -> tuple[Language, ...]:
    """Those people may choose, English first."""
    return tuple(language for language in list_languages() if language.is_offered)


def find_language(code: str) -> Language | None:
    """The language by code, however it is written (``pt_BR``, ``PT-br``), or None."""
    wanted = code.strip().lower().replace("_", "-")
    return next((language for language in list_languages() if language.code == wanted), None)


def _coverage(code: str) -> int:
    if code == SOURCE:
        return 100
    language, _, region = code.partition("-")
    folder = f"{language}_{region.upper() if len(region) == 2 else region.title()}" if region else language
    paths = [Path(place) / folder / "LC_MESSAGES" / "django.po" for place in settings.LOCALE_PATHS]
    counts = [count_messages(path.read_text(encoding="utf-8")) for path in paths if path.exists()]
    total = sum(all_of for all_of, _ in counts)
    return 100 * sum(done for _, done in counts) // total if total else 0


def count_messages(catalogue: str) -> tuple[int, int]:
    """How many messages a PO file has, and how many are translated and not marked as doubtful (``fuzzy``)."""
    total = translated = 0
    for block in catalogue.replace("\r\n", "\n").split("\n\n"):
        lines = [line for line in block.splitlines() if not line.startswith("#~")]
        if not any(line.startswith("msgid ") for line in lines) or _text(lines, "msgid") == "":
            continue
        total += 1
        is_fuzzy = any(line.startswith("#,") and "fuzzy" in line for line in lines)
        keys = [line.split(" ", 1)[0] for line in lines if line.startswith("msgstr")]
        translated += not is_fuzzy and bool(keys) and all(_text(lines, key) for key in keys)
    return total, translated


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
