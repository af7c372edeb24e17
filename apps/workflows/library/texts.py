"""Texts of template packages in the reader's language. Packages are data, so their texts are listed here for the catalogues."""

from django.utils.translation import gettext


def said(text: str) -> str:
    """The text as the reader reads it; a text nobody translated stays as it is."""
    return gettext(text) if text else ""
