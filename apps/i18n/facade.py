"""The door for other apps."""

from apps.i18n.languages import Language, announced_languages, find_language, list_languages, offered_languages

__all__ = ["Language", "announced_languages", "find_language", "list_languages", "offered_languages"]
