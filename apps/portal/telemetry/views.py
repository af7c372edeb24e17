"""The doors for reports: small, limited, counted, logged; they answer nothing a stranger could use."""

import logging
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from prometheus_client import Counter, Histogram

from apps.core.json_input import parse_json
from apps.core.policy import public
from apps.core.throttle import knock
from apps.portal.telemetry.reading import Failure, Vital, read_events, read_refusals

logger = logging.getLogger("echopilot.browser")

MAX_BYTES = 16_384
MAX_DEPTH = 6
PER_MINUTE = 60

errors = Counter("echopilot_browser_errors", "Uncaught errors in browsers by route.", ["route"])
refusals = Counter("echopilot_browser_refusals", "Content refused by the policy, by directive.", ["directive"])
vitals = Histogram(
    "echopilot_browser_vitals",
    "Web vitals by name and route: milliseconds, CLS times 1000.",
    ["name", "route"],
    buckets=(50, 100, 200, 500, 1000, 1800, 2500, 4000, 8000, 20000),
)
DIRECTIVES = frozenset({
    "default-src", "script-src", "script-src-elem", "script-src-attr", "style-src", "style-src-elem", "style-src-attr", "img-src",
    "font-src", "connect-src", "manifest-src", "worker-src", "media-src", "form-action", "frame-src", "frame-ancestors",
    "object-src", "base-uri",
})  # fmt: skip


@csrf_exempt
@public(reason="Browsers report before anybody signs in; size and rate are limited, nothing personal is kept.")
@require_POST
def report(request: HttpRequest) -> HttpResponse:
    """Errors and web vitals of one page. 204; coded errors for what is too large, too often or malformed."""
    for event in read_events(_document(request), urlconf=getattr(request, "urlconf", None)):
        if isinstance(event, Vital):
            vitals.labels(name=event.name, route=event.route).observe(
                event.value * 1000 if event.name == "CLS" else event.value
            )
        elif isinstance(event, Failure):
            errors.labels(route=event.route).inc()
            logger.warning("browser error", extra=_fields(event, request))
    return HttpResponse(status=204)


@csrf_exempt
@public(reason="Browsers send what the content policy refused; size and rate are limited.")
@require_POST
def content_policy(request: HttpRequest) -> HttpResponse:
    """What the content policy refused. 204; coded errors as above."""
    for refusal in read_refusals(_document(request), urlconf=getattr(request, "urlconf", None)):
        known = refusal.directive if refusal.directive in DIRECTIVES else "other"
        refusals.labels(directive=known).inc()
        logger.warning("content policy refused something", extra=vars(refusal))
    return HttpResponse(status=204)


def _document(request: HttpRequest) -> Any:
    knock(request, door="telemetry", times=PER_MINUTE, seconds=60)
    return parse_json(request.body, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH)


def _fields(event: Failure, request: HttpRequest) -> dict[str, Any]:
    """What the log line says; its own field ``message`` is taken, so the browser's words are ``said``."""
    fields = {**vars(event), "agent": _agent(request)}
    return {"said" if name == "message" else name: value for name, value in fields.items()}


def _agent(request: HttpRequest) -> str:
    """Kind of browser only; versions and devices would help to recognise a person."""
    given = request.headers.get("User-Agent", "")
    return next((name for name in ("Firefox", "Edg", "Chrome", "Safari") if name in given), "other")
