"""Each thing of the product has one name per language, on every page and in the guide."""

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest
from django.conf import settings

from apps.i18n.compiling import load
from apps.i18n.packages import COMPLETE
from tests.i18n.glossary import TERMS

PLACEHOLDERS = re.compile(r"%\([^)]*\)[a-z]|\{+[^}]*\}+|<[^>]*>|`[^`]*`")
POLITE_SPANISH = re.compile(
    r"\b[Uu]sted(?:es)?\b|(?:^|[.:;] )(?:Abra|Añada|Compruebe|Corrija|Elija|Envíe|Escriba|Espere|Inténtelo|Mire|Publique|Recargue"
    r"|Reintente|Use|Vuelva)\b",
    re.MULTILINE,
)
ARTICLES = Path(settings.BASE_DIR) / "apps" / "portal" / "website" / "articles"

# How an English text begins, and why its translation may use a word the glossary avoids.
EXCEPTIONS = {
    "First steps": "how one begins, not steps of a workflow",
    "This did not work out. The reason and the next step": "what a person does next",
    "At most %(letters)s characters; an evaluation may take": "steps of a calculation",
    "The connection was lost.": "the network's",
    "The connection broke while the mail": "the network's",
    "The service has blocked requests of this connection. Contact": "to contact somebody",
    "**Prompts**, then **New prompt**. Under **Instructions**": "a part of a prompt is called so",
}


def texts_of(language: str) -> Iterator[tuple[str, str]]:
    """English and translation of every message, singular and plural joined."""
    for message in load(Path(settings.LOCALE_PATHS[0]) / language / "LC_MESSAGES" / "django.po"):
        if message.id:
            yield joined(message.id), joined(message.string or "")


def paragraphs_of(language: str) -> Iterator[tuple[str, str]]:
    """English and translation of every paragraph of the guide; both have the same ones in the same order."""
    for path in sorted((ARTICLES / "en").glob("*.md")):
        english = path.read_text().split("\n\n")
        translated = (ARTICLES / language / path.name).read_text().split("\n\n")
        assert len(english) == len(translated), f"{language}/{path.name} has other paragraphs than the English article"
        yield from zip(english, translated, strict=True)


def joined(text: str | tuple[str, ...] | list[str]) -> str:
    return text if isinstance(text, str) else "\n".join(text)


def mistakes(english: str, translated: str, language: str) -> list[str]:
    """Which words of a translation are not the ones the glossary names."""
    plain, said = PLACEHOLDERS.sub(" ", english), PLACEHOLDERS.sub(" ", translated)
    return [
        f"{name}: say {term.right[language]}, not {found[0]}: {english!r} -> {translated!r}"
        for name, term in TERMS.items()
        if re.search(term.english, plain, re.IGNORECASE)
        and (found := re.search(term.wrong[language], said, re.IGNORECASE))
    ]


@pytest.mark.parametrize("language", COMPLETE)
def test_one_thing_has_one_name(language: str) -> None:
    texts = chain(texts_of(language), paragraphs_of(language))
    wrong = [line for en, own in texts if not en.startswith(tuple(EXCEPTIONS)) for line in mistakes(en, own, language)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("language", COMPLETE)
def test_the_name_alone_is_translated_by_its_word(language: str) -> None:
    titles = {en.strip().lower(): own for en, own in texts_of(language)}
    wrong = [
        f"{name}: {own!r}"
        for name, term in TERMS.items()
        for title in (name, f"{name}s", f"new {name}", f"all {name}s")
        if (own := titles.get(title)) is not None and not re.search(term.right[language], own, re.IGNORECASE)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("language", COMPLETE)
def test_the_glossary_names_words_that_are_in_use(language: str) -> None:
    everything = "\n".join(own for _en, own in texts_of(language))
    assert [
        name for name, term in TERMS.items() if not re.search(term.right[language], everything, re.IGNORECASE)
    ] == []


def test_spanish_says_tu_everywhere() -> None:
    everything = list(chain(texts_of("es"), paragraphs_of("es")))
    assert [own for _en, own in everything if POLITE_SPANISH.search(own)] == []
    assert [own for en, own in everything if en.startswith("Your ") and own.startswith(("Su ", "Sus "))] == []


def test_exceptions_are_still_needed() -> None:
    needed = {
        en for language in COMPLETE for en, own in chain(texts_of(language), paragraphs_of(language))
        if mistakes(en, own, language)
    }  # fmt: skip
    assert [start for start in EXCEPTIONS if not any(en.startswith(start) for en in needed)] == []


def test_a_second_word_for_the_same_thing_is_found() -> None:
    assert mistakes("Compare versions", "ورژنز کا موازنہ", "ur")
    assert mistakes("Compare versions", "نسخوں کا موازنہ", "ur") == []
    assert mistakes("New trigger", "Nuevo desencadenante", "es")
    assert mistakes("Cut the way from %(step)s.", "%(step)s سے قدم", "ur") == []
