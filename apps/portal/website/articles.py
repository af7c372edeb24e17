"""Articles of the documentation: Markdown files in ``articles/<language>/<number>-<slug>.md``; English stands in for the rest."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from apps.core.errors import NotFound
from apps.i18n.facade import RIGHT_TO_LEFT, SOURCE
from apps.portal.website.texts import Text, read_text

FOLDER = Path(__file__).parent / "articles"
GUIDE_FROM = 70


@dataclass(frozen=True, kw_only=True)
class Article:
    """One article in the language it is written in, which need not be the reader's."""

    slug: str
    language: str
    text: Text
    number: int

    @property
    def is_guide(self) -> bool:
        """Whether it belongs to the guide to building workflows; the others are first steps and single topics."""
        return self.number >= GUIDE_FROM

    @property
    def direction(self) -> str:
        """``ltr`` or ``rtl``."""
        return "rtl" if self.language in RIGHT_TO_LEFT else "ltr"


def list_articles(language: str) -> list[Article]:
    """All articles in reading order, each in ``language`` where it exists, else in English."""
    own = _files(language)
    return [
        _article(slug, language if slug in own else SOURCE, own.get(slug, path))
        for slug, path in _files(SOURCE).items()
    ]


def get_article(slug: str, language: str) -> Article:
    """One of them. Raises ``NotFound``."""
    found = next((article for article in list_articles(language) if article.slug == slug), None)
    if found is None:
        raise NotFound(detail=f"no article {slug!r}")
    return found


def search_articles(words: str, language: str) -> list[Article]:
    """Articles that contain every word, best first: title before summary before body."""
    wanted = words.casefold().split()
    scored = []
    for article in list_articles(language):
        fields = (article.text.title.casefold(), article.text.summary.casefold(), article.text.plain.casefold())
        if wanted and all(any(word in field for field in fields) for word in wanted):
            scored.append((-sum(8 * (word in fields[0]) + 3 * (word in fields[1]) + 1 for word in wanted), article))
    return [article for _score, article in sorted(scored, key=lambda pair: pair[0])]


def article_slugs() -> list[str]:
    """Every article's address part, in reading order."""
    return list(_files(SOURCE))


def _article(slug: str, language: str, path: Path) -> Article:
    return Article(slug=slug, language=language, text=read_text(path), number=int(path.stem.partition("-")[0]))


@lru_cache(maxsize=64)
def _files(language: str) -> dict[str, Path]:
    return {path.stem.partition("-")[2]: path for path in sorted((FOLDER / language).glob("*.md"))}
