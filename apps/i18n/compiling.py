"""Writes catalogues: PO to MO without gettext, the pseudo-locale, and the skeleton of a language's catalogue.

The compiled files are committed, so that a fresh machine needs no tools; a test compares them with their sources.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation import to_locale

from apps.i18n.pseudo import pseudo

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def load(path: Path) -> Catalog:
    """The catalogue of a PO file; plural forms come from CLDR by the folder's language."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.parent.name)


def compile_catalogue(path: Path) -> Path:
    """Write ``django.mo`` beside ``django.po``; machine drafts (fuzzy) are left out. Returns the path written."""
    target = path.with_suffix(".mo")
    catalogue = load(path)
    with target.open("wb") as file:
        write_mo(file, catalogue)
    return target


def is_compiled(path: Path) -> bool:
    """Whether the MO file beside a PO file says what the PO file says."""
    target = path.with_suffix(".mo")
    if not target.exists():
        return False
    with target.open("rb") as file:
        compiled = {_key(message): message.string for message in read_mo(file) if message.id}
    wanted = {_key(message): message.string for message in load(path) if message.id and _done(message)}
    return _plain(compiled) == _plain(wanted)


def save(catalogue: Catalog, path: Path) -> None:
    """Write a PO file, one message a paragraph, in the order of the catalogue."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalogue, width=0, omit_header=False)


def start_catalogue(path: Path, code: str) -> None:
    """Write an empty catalogue with the language's plural forms (CLDR), unless there is one."""
    if not path.exists():
        save(Catalog(locale=to_locale(code), project="EchoPilot", creation_date=EPOCH, fuzzy=False), path)


def write_pseudo(sources: list[Path], folder: Path, code: str) -> Path:
    """Compile the pseudo-locale of all messages in ``sources`` as the language ``code`` below ``folder``."""
    catalogue = Catalog(locale=to_locale(code), fuzzy=False)
    for source in sources:
        for message in load(source):
            if not message.id:
                continue
            text: str | tuple[str, ...] = pseudo(message.id) if isinstance(message.id, str) else ""
            if not isinstance(message.id, str):
                text = (pseudo(message.id[0]), *[pseudo(message.id[1])] * (catalogue.num_plurals - 1))
            catalogue.add(message.id, text, context=message.context)
    target = folder / to_locale(code) / "LC_MESSAGES" / "django.mo"
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        write_mo(file, catalogue)
    return target


def _done(message: object) -> bool:
    string = message.string  # type: ignore[attr-defined]
    return not message.fuzzy and (all(string) if isinstance(string, tuple | list) else bool(string))  # type: ignore[attr-defined]


def _key(message: object) -> tuple[str, str]:
    identity, context = message.id, message.context or ""  # type: ignore[attr-defined]
    context = context.decode() if isinstance(context, bytes) else context  # MO files give it as bytes
    return (context, identity[0] if isinstance(identity, tuple | list) else identity)


def _plain(texts: Mapping[tuple[str, str], object]) -> dict[tuple[str, str], tuple[str, ...]]:
    return {key: tuple(text) if isinstance(text, tuple | list) else (str(text),) for key, text in texts.items()}
