"""The changelog of the running code."""

from django.conf import settings

from apps.portal.website.texts import Text, read_text, render_markdown


def read_changelog() -> Text:
    """``CHANGELOG.md``; an installation without the file says so."""
    path = settings.BASE_DIR / "CHANGELOG.md"
    if not path.exists():
        return render_markdown("# Changelog\n\nThis installation was delivered without its changelog.")
    return read_text(path)
