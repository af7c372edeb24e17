"""The pseudo-locale: English made to look foreign, so that texts nobody translated and frames too narrow show themselves.

Letters get accents, the text grows by 35 percent, brackets show where it was cut off or glued together. Placeholders, tags and
entities stay as they are.
"""

import re

ACCENTS = str.maketrans(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "ÅƁÇÐÉƑĜĤÎĴĶĻṀÑÖÞǪŔŠŢÛṼŴẊÝŽåƀçðéƒĝĥîĵķļɱñöþǫŕšţûṽŵẋýž"
)
KEPT = re.compile(r"(%\([^)]*\)[#0\- +]*[\d.]*[a-zA-Z]|%[sdif%]|\{[^{}]*\}|<[^>]+>|&[a-z]+;)")
GROWTH = 0.35
OPENING, CLOSING = "⟦", "⟧"


def pseudo(text: str) -> str:
    """``Save %(name)s`` becomes ``⟦Šåṽé %(name)s···⟧``; the empty text stays empty."""
    if not text.strip():
        return text
    parts = KEPT.split(text)
    accented = "".join(part if number % 2 else part.translate(ACCENTS) for number, part in enumerate(parts))
    letters = sum(len(part) for part in parts[::2])
    body = accented.rstrip("\n")
    return f"{OPENING}{body}{'·' * max(1, round(letters * GROWTH))}{CLOSING}{accented[len(body) :]}"
