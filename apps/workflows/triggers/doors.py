"""Addresses outside services call to start a workflow."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from apps.core.errors import NotAllowed, NotFound, PlatformError
from apps.core.policy import signed_by
from apps.workflows.models import Trigger
from apps.workflows.triggers import mail, receiving
from apps.workflows.triggers.enums import TriggerKind
from apps.workflows.triggers.errors import DeliveryTooLarge

LARGEST_MAIL = 1_000_000


@signed_by("trigger: a secret in the address, and a signature or token over the raw body as the trigger says")
@csrf_exempt
@require_POST
def webhook(request: HttpRequest, key: str) -> HttpResponse:
    """Take a delivery: 202 once it is stored. Unknown addresses answer like any unknown page."""
    try:
        trigger = receiving.find(key=key, kind=TriggerKind.WEBHOOK)
        body = _body(request, receiving.LARGEST)
        payload = {
            "body": receiving.parsed(content_type=request.headers.get("Content-Type", ""), body=body),
            "query": {name: value[:500] for name, value in request.GET.items()},
            "headers": receiving.kept_headers(request.headers),
        }
        return _taken(request, trigger, body=body, payload=payload, largest=receiving.LARGEST)
    except NotFound:
        raise
    except PlatformError as error:
        return _refusal(error)


@signed_by("trigger: a secret in the address, and a signature or token over the raw body as the trigger says")
@csrf_exempt
@require_POST
def inbound_mail(request: HttpRequest, key: str) -> HttpResponse:
    """Take an e-mail as a mail service posts it."""
    try:
        trigger = receiving.find(key=key, kind=TriggerKind.EMAIL)
        body = _body(request, LARGEST_MAIL)
        payload = mail.read(
            content_type=request.headers.get("Content-Type", ""),
            body=body,
            fields=request.POST.dict(),
            files=[(str(file.name), file.read()) for _field, found in request.FILES.lists() for file in found],
        )
        if not mail.may_write(allowed=trigger.config.get("from", []), address=payload["from"]) or payload["automatic"]:
            raise NotAllowed(_("This sender, or an automatic message, cannot start anything here."))
        return _taken(request, trigger, body=body, payload=payload, largest=LARGEST_MAIL)
    except NotFound:
        raise
    except PlatformError as error:
        return _refusal(error)


def _body(request: HttpRequest, largest: int) -> bytes:
    try:
        length = int(request.headers.get("Content-Length") or 0)
    except ValueError:
        raise DeliveryTooLarge from None
    if length > largest:
        raise DeliveryTooLarge
    return request.body


def _taken(
    request: HttpRequest, trigger: Trigger, *, body: bytes, payload: dict[str, object], largest: int
) -> HttpResponse:
    headers = {name.lower(): value for name, value in request.headers.items()}
    taken, new = receiving.receive(trigger, headers=headers, body=body, payload=payload, largest=largest)
    return JsonResponse({"received": True, "id": str(taken), "repeat": not new}, status=202)


def _refusal(error: PlatformError) -> HttpResponse:
    answer = JsonResponse(
        {"code": error.code, "detail": error.text, "fields": {name: str(text) for name, text in error.fields.items()}},
        status=error.status,
    )
    if error.retry_after:
        answer["Retry-After"] = str(int(error.retry_after))
    return answer
