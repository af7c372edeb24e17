"""The platform's own host as a link, and the way from one host to another."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def platform_url(request: HttpRequest) -> str:
    """Address of the platform's own host without a final slash, with the port of this request."""
    port = request.get_port()
    return f"{request.scheme}://{settings.BASE_DOMAIN}" + ("" if port in {"80", "443"} else f":{port}")


def lead_to(request: HttpRequest, target: str, name: str) -> HttpResponse:
    """A page that leads on by itself: a redirect to another host after a form would be stopped by ``form-action``."""
    response = render(request, "accounts/hop.html", {"target": target, "name": name})
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
