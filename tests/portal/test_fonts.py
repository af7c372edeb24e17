"""Fonts the pages bring along: small, licensed, and complete for the texts they are meant for."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
FONTS = ROOT / "apps/portal/static/portal/fonts"
STYLES = (ROOT / "apps/portal/static/portal/fonts.css").read_text("utf-8")
JOINERS = {chr(code) for code in (0x200C, 0x200D)}


def ranges_of(family: str) -> set[int]:
    block = next(block for block in STYLES.split("@font-face")[1:] if f'"{family}"' in block)
    found: set[int] = set()
    for first, last in re.findall(r"U\+([0-9A-F]+)(?:-([0-9A-F]+))?", block):
        found |= set(range(int(first, 16), int(last or first, 16) + 1))
    return found


def test_the_urdu_heading_font_has_every_letter_of_the_catalogue() -> None:
    """One letter from another font in the middle of a word breaks its shape, and another file would be fetched for it."""
    text = (ROOT / "locale/ur/LC_MESSAGES/django.po").read_text("utf-8")
    text += "".join(path.read_text("utf-8") for path in (ROOT / "apps/portal/website/articles").glob("ur/*.md"))
    used = {ord(one) for one in text if "؀" <= one <= "ۿ" or one in JOINERS}
    assert {f"U+{code:04X} {chr(code)}" for code in used - ranges_of("Noto Nastaliq Urdu")} == set()


def test_every_font_is_small_and_stands_beside_its_licence() -> None:
    sizes = {path.name: path.stat().st_size for path in FONTS.glob("*.woff2")}
    assert sizes["noto-nastaliq-urdu.woff2"] < 120_000
    for name in sizes:
        assert f"fonts/{name}" in STYLES
        assert any(name.startswith(licence.stem.removeprefix("LICENSE-")) for licence in FONTS.glob("LICENSE-*.txt"))
    for family in ("Inter", "Vazirmatn", "Noto Nastaliq Urdu"):
        assert family in (ROOT / "NOTICE").read_text("utf-8")
