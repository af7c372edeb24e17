"""Addresses that outside services call."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from apps.connectors.providers.notion import webhooks
from apps.core.errors import PlatformError
from apps.core.policy import signed_by

BODY_BYTES = 1_000_000


@signed_by("notion: HMAC over the raw body, and a secret in the address")
@csrf_exempt
@require_POST
def notion_webhook(request: HttpRequest, key: str) -> HttpResponse:
    """Take a delivery of Notion's. The address is secret and the body signed; no session, no cookie, no CSRF token."""
    try:
        length = int(request.headers.get("Content-Length") or 0)
    except ValueError:
        length = BODY_BYTES + 1
    if length > BODY_BYTES:
        return JsonResponse({"code": "too_large"}, status=413)
    try:
        new = webhooks.receive(key=key, body=request.body, signature=request.headers.get("X-Notion-Signature", ""))
    except PlatformError as error:
        return JsonResponse({"code": error.code, "detail": error.text}, status=error.status)
    return JsonResponse({"received": True, "repeat": not new})
