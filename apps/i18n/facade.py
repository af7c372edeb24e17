"""The door for other apps."""

from apps.i18n.languages import Language, find_language, list_languages, offered_languages

__all__ = ["Language", "find_language", "list_languages", "offered_languages"]
