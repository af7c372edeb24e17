"""Which language a page speaks: the person's choice, then this browser's cookie, then what the browser asks for."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.locale import LocaleMiddleware
from django.utils import translation
from django.utils.translation.trans_real import get_supported_language_variant, parse_accept_lang_header

from apps.i18n.languages import find_language, offered_languages


class BrowserLanguageMiddleware(LocaleMiddleware):
    """Django's, except that a browser's wish is met only with a language whose texts are there.

    A cookie is a choice somebody made, so it may name any of the languages; a header is only the browser's default.
    """

    def process_request(self, request: HttpRequest) -> None:
        """Activate the language; ``request.LANGUAGE_CODE`` names it."""
        code = chosen_in_browser(request) or wished_by_browser(request)
        translation.activate(code)
        request.LANGUAGE_CODE = translation.get_language()


class PersonLanguageMiddleware:
    """After authentication: the signed-in person's own language, then this browser's cookie, then what the browser asks for.

    ``BrowserLanguageMiddleware`` found the last two already; a person without a choice follows them.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        code = self._stored(request)
        if code:
            translation.activate(code)
            request.LANGUAGE_CODE = code
        response = self.get_response(request)
        response.headers.setdefault("Content-Language", translation.get_language() or settings.LANGUAGE_CODE)
        return response

    @staticmethod
    def _stored(request: HttpRequest) -> str:
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or not request.user.is_authenticated:
            return ""
        language = find_language(request.user.language or "")
        return language.code if language is not None and language.code in dict(settings.LANGUAGES) else ""


def chosen_in_browser(request: HttpRequest) -> str:
    """The language of this browser's cookie, or nothing."""
    code = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    return code if code in dict(settings.LANGUAGES) else ""


def wished_by_browser(request: HttpRequest) -> str:
    """The first offered language of ``Accept-Language`` (RFC 9110, 12.5.4), variants included; English when there is none."""
    offered = {language.code for language in offered_languages()}
    for wish, _weight in parse_accept_lang_header(request.headers.get("Accept-Language", "")):
        if wish == "*":
            break
        try:
            code = get_supported_language_variant(wish)
        except LookupError:
            continue
        if code in offered:
            return code
    return settings.LANGUAGE_CODE
