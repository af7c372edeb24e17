"""The language a person chose goes before the one the browser asks for."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from apps.i18n.languages import find_language


class PersonLanguageMiddleware:
    """After authentication: the signed-in person's own language, then this browser's cookie, then what the browser asks for.

    Django found the last two already; a person without a choice follows them.
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
