"""Leaves nothing of the app behind in a browser whose person signed out."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


class ClearAtSignOutMiddleware:
    """Tells the browser to drop what scripts stored for this host (W3C Clear Site Data): caches, worker, push subscription."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if getattr(request, "signed_out", False):
            response.headers.setdefault("Clear-Site-Data", '"storage"')
        return response
