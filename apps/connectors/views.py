"""Addresses that outside services call."""

from urllib.parse import parse_qs

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from apps.connectors.providers.notion import webhooks
from apps.connectors.providers.slack import interactions
from apps.core.errors import PlatformError
from apps.core.policy import signed_by

BODY_BYTES = 1_000_000


@signed_by("notion: HMAC over the raw body, and a secret in the address")
@csrf_exempt
@require_POST
def notion_webhook(request: HttpRequest, key: str) -> HttpResponse:
    """Take a delivery of Notion's. The address is secret and the body signed; no session, no cookie, no CSRF token."""
    if _is_too_large(request):
        return JsonResponse({"code": "too_large"}, status=413)
    try:
        new = webhooks.receive(key=key, body=request.body, signature=request.headers.get("X-Notion-Signature", ""))
    except PlatformError as error:
        return JsonResponse({"code": error.code, "detail": error.text}, status=error.status)
    return JsonResponse({"received": True, "repeat": not new})


@signed_by("slack: HMAC over the raw body and a time, and a secret in the address")
@csrf_exempt
@require_POST
def slack_interaction(request: HttpRequest, key: str) -> HttpResponse:
    """Take a pressed button or a command of Slack's. The address is secret and the body signed; no session and no cookie counts."""
    if _is_too_large(request):
        return JsonResponse({"code": "too_large"}, status=413)
    body = request.body
    form = {
        name: values[-1] for name, values in parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True).items()
    }
    try:
        answer = interactions.receive(
            key=key, body=body, form=form, timestamp=request.headers.get("X-Slack-Request-Timestamp", ""),
            signature=request.headers.get("X-Slack-Signature", ""),
        )  # fmt: skip
    except PlatformError as error:
        return JsonResponse({"code": error.code, "detail": error.text}, status=error.status)
    return JsonResponse(answer) if answer else HttpResponse(status=200)


def _is_too_large(request: HttpRequest) -> bool:
    try:
        return int(request.headers.get("Content-Length") or 0) > BODY_BYTES
    except ValueError:
        return True
