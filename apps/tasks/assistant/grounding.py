"""Keeps a model to the facts: sentences whose figures were not found are left out, addresses it writes are taken away.

Plain Python: what a figure is, where a sentence ends.
"""

import re
from collections.abc import Iterable, Iterator
from unicodedata import category

FIGURE = re.compile(r"\d[\d.,\u066b\u066c:]*")
ADDRESS = re.compile(
    r"https?:\S*|(?<![a-z0-9+.\-])[a-z][a-z0-9+.\-]*+://\S*|www\.\S*|(?:javascript|vbscript|data|mailto|file|blob|tel):\S+"
    r"|\[([^\[\]]*+)\]\([^()]*+\)",
    re.IGNORECASE,
)
END = re.compile(r"(?<=[.!?؟۔।。])\s+|\n+")
LONGEST = 4000


def figures_in(text: str) -> set[str]:
    """Every figure of a text, written one way: digits of all scripts as ASCII, without separators of thousands.

    Raised and circled digits and fractions are figures by themselves; what is not seen does not part a figure.
    """
    seen = [char for char in text if category(char) != "Cf"]
    plain = "".join(str(int(char)) if char.isdecimal() else char for char in seen)
    return {_one_way(found.group()) for found in FIGURE.finditer(plain)} | {
        c for c in seen if category(c) in ("No", "Nl")
    }


def _one_way(figure: str) -> str:
    figure = figure.strip(".,:\u066b\u066c").replace("\u066b", ".").replace("\u066c", "")
    whole = re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", figure)
    figure = figure.replace(",", "") if whole else figure.replace(",", ".")
    return figure.rstrip("0").rstrip(".") if "." in figure and figure.count(".") == 1 else figure


def is_grounded(sentence: str, known: set[str]) -> bool:
    """Whether every figure of the sentence is a known one."""
    return figures_in(sentence) <= known


def without_addresses(text: str) -> str:
    """The text without addresses; a link keeps its words, unless they are or make an address themselves."""
    while True:
        clean = ADDRESS.sub(lambda found: found.group(1) or "", text)
        if clean == text:
            return clean
        text = clean


def grounded(pieces: Iterable[str], *, facts: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """Whole sentences as they become complete, each with whether it may be shown. Nothing past ``LONGEST`` characters."""
    known = set().union(*(figures_in(fact) for fact in facts))
    waiting, seen = "", 0
    for piece in pieces:
        waiting += piece[: LONGEST - seen]
        seen += len(piece)
        parts = END.split(waiting)
        for sentence in parts[:-1]:
            if sentence.strip():
                clean = without_addresses(sentence).strip()
                yield clean, is_grounded(clean, known)
        waiting = parts[-1]
        if seen > LONGEST:
            return
    if waiting.strip():
        clean = without_addresses(waiting).strip()
        yield clean, is_grounded(clean, known)
