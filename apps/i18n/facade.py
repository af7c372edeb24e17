"""The door for other apps."""

from apps.i18n.codes import RIGHT_TO_LEFT, SOURCE
from apps.i18n.languages import Language, announced_languages, find_language, list_languages, offered_languages
from apps.i18n.templatetags.i18n_tags import babel_locale

__all__ = [
    "RIGHT_TO_LEFT",
    "SOURCE",
    "Language",
    "announced_languages",
    "babel_locale",
    "find_language",
    "list_languages",
    "offered_languages",
]
