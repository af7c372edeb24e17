"""Address of the platform's own host as a link."""

from django.conf import settings
from django.http import HttpRequest


def platform_url(request: HttpRequest) -> str:
    """Address of the platform's own host without a final slash, with the port of this request."""
    port = request.get_port()
    return f"{request.scheme}://{settings.BASE_DOMAIN}" + ("" if port in {"80", "443"} else f":{port}")
