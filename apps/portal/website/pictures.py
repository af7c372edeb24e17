"""Pictures of the guide: files and their sizes, written by ``python -m tests.portal.guide_pictures``."""

import json
from functools import lru_cache
from pathlib import Path

from django.templatetags.static import static
from django.utils import translation
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from apps.i18n.facade import SOURCE

FOLDER = Path(__file__).parents[1] / "static" / "website" / "guide"


@lru_cache(maxsize=1)
def sizes() -> dict[str, tuple[int, int]]:
    """File name -> width and height in CSS pixels; the file itself holds more of them where the screen does."""
    listed = FOLDER / "sizes.json"
    return {name: tuple(size) for name, size in json.loads(listed.read_text()).items()} if listed.exists() else {}


def picture(name: str, alt: str, language: str) -> SafeString:
    """An ``<img>`` that keeps its place while it loads; in a language other than English it says what the picture speaks."""
    width, height = sizes().get(name, (0, 0))
    image = format_html(
        '<img src="{}" alt="{}" width="{}" height="{}" loading="lazy" decoding="async">',
        static(f"website/guide/{name}"), alt, width, height,
    )  # fmt: skip
    if language == SOURCE:
        return format_html('<figure class="shot">{}</figure>', image)
    with translation.override(language):
        said = _("The picture shows the pages in English.")
    return format_html('<figure class="shot">{}<figcaption>{}</figcaption></figure>', image, said)
