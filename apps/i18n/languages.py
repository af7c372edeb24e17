"""The languages of the product: direction, own name, and how much of the catalogue is there.

A language is offered by itself (to browsers that ask for it, in menus) as soon as its catalogue covers ``OFFERED_FROM`` percent
of the texts, and its public pages are announced to search engines from ``ANNOUNCED_FROM`` on. Anybody may still choose any of
the forty: formats, direction and the packages' own texts follow, the rest stays English, and the menu says how much is there.
"""

from dataclasses import dataclass
from functools import lru_cache

from apps.i18n.catalogues import Origins, catalogue_paths, count_origins
from apps.i18n.codes import NAMES, RIGHT_TO_LEFT, SOURCE

OFFERED_FROM = 60
ANNOUNCED_FROM = 95

__all__ = [
    "ANNOUNCED_FROM", "OFFERED_FROM", "SOURCE", "Language", "announced_languages", "find_language", "list_languages",
    "offered_languages",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Language:
    """One language. ``coverage`` is the percentage of texts with a translation, 0 to 100, rounded down."""

    code: str
    name: str
    own_name: str
    direction: str
    coverage: int
    origins: Origins

    @property
    def is_offered(self) -> bool:
        """Whether it is proposed without being asked for."""
        return self.coverage >= OFFERED_FROM

    @property
    def is_announced(self) -> bool:
        """Whether public pages exist in it."""
        return self.coverage >= ANNOUNCED_FROM


@lru_cache(maxsize=1)
def list_languages() -> tuple[Language, ...]:
    """All languages in a fixed order; coverage is read from the catalogues once per process."""
    longest = max(_counted(code).total for code, _name, _own in NAMES)
    return tuple(_language(code, name, own, longest) for code, name, own in NAMES)


def offered_languages() -> tuple[Language, ...]:
    """Those proposed without being asked for, English first."""
    return tuple(language for language in list_languages() if language.is_offered)


def announced_languages() -> tuple[Language, ...]:
    """Those with public pages, English first."""
    return tuple(language for language in list_languages() if language.is_announced)


def find_language(code: str) -> Language | None:
    """The language by code, however it is written (``pt_BR``, ``PT-br``), or None."""
    wanted = code.strip().lower().replace("_", "-")
    return next((language for language in list_languages() if language.code == wanted), None)


def _language(code: str, name: str, own: str, longest: int) -> Language:
    origins = Origins(written=longest) if code == SOURCE else _counted(code)
    if not origins.total:
        origins = Origins(missing=longest)
    return Language(
        code=code,
        name=name,
        own_name=own,
        direction="rtl" if code in RIGHT_TO_LEFT else "ltr",
        coverage=100 if code == SOURCE else origins.percent,
        origins=origins,
    )


@lru_cache(maxsize=64)
def _counted(code: str) -> Origins:
    if code == SOURCE:
        return Origins()
    return sum((count_origins(path.read_text(encoding="utf-8")) for path in catalogue_paths(code)), Origins())
