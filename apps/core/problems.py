"""Errors on their way out: problem+json (RFC 9457) for programs, a page for people, the same words for both."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.translation import get_language, get_language_bidi
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions as drf
from rest_framework.response import Response

from apps.core.context import current_request_id
from apps.core.errors import InvalidInput, LimitReached, NotAllowed, NotFound, PlatformError, Text

logger = logging.getLogger("echopilot.errors")

CONTENT_TYPE = "application/problem+json"
SERVER_ERROR = 500
TITLES: dict[int, Text] = {
    400: _("This request could not be understood"),
    401: _("Sign in first"),
    403: _("You may not do this"),
    404: _("This page does not exist"),
    405: _("This is not possible here"),
    406: _("This format is not available"),
    409: _("Something changed in the meantime"),
    413: _("This is too large"),
    415: _("This format is not accepted"),
    429: _("A limit is reached"),
    500: _("Something went wrong"),
    503: _("Not available right now"),
}


class NotSignedIn(NotAllowed):
    """The caller is not known."""

    code = "not_signed_in"
    status = 401
    message = _("Sign in, or send a valid access token, and try again.")


class MethodNotAllowed(InvalidInput):
    """The address exists, not for this method."""

    code = "method_not_allowed"
    status = 405
    message = _("This address does not take that method. See the API description for the ones it takes.")


class NotAcceptable(InvalidInput):
    """No format the caller asked for can be served."""

    code = "not_acceptable"
    status = 406
    message = _("Answers are available as application/json only.")


class UnsupportedFormat(InvalidInput):
    """The body's media type is not read here."""

    code = "unsupported_format"
    status = 415
    message = _("Send the body as application/json.")


class TooLarge(InvalidInput):
    """The body is larger than this door takes."""

    code = "too_large"
    status = 413
    message = _("What you sent is too large. Make it smaller and send it again.")


class MalformedBody(InvalidInput):
    """The body is not what its media type says."""

    code = "malformed_body"
    message = _("The body is not well-formed JSON. Correct it and send it again.")


class InternalError(PlatformError):
    """A bug of ours; logged with its context under the request id."""

    code = "internal_error"
    status = SERVER_ERROR
    message = _("Something went wrong on our side and was recorded. Try again; if it stays, send us the request id.")


def describe(error: PlatformError) -> dict[str, Any]:
    """The problem document of an error: type, title, status, code, detail, fields, request_id, and when to retry."""
    document: dict[str, Any] = {
        "type": f"urn:echopilot:problem:{error.code}",
        "title": str(TITLES.get(error.status, TITLES[SERVER_ERROR])),
        "status": error.status,
        "code": error.code,
        "detail": error.text,
        "fields": {name: str(text) for name, text in error.fields.items()},
        "request_id": current_request_id(),
        "retryable": error.retryable,
    }
    if error.retry_after is not None:
        document["retry_after"] = error.retry_after
    return document


def headers_of(error: PlatformError) -> dict[str, str]:
    """``Retry-After`` in whole seconds, rounded up, when the error knows it."""
    return {} if error.retry_after is None else {"Retry-After": str(max(0, math.ceil(error.retry_after)))}


def wants_problem(request: HttpRequest) -> bool:
    """Whether the caller is a program: an API address, a JSON body, or JSON preferred over HTML."""
    if request.path.startswith("/api/") or request.content_type in ("application/json", CONTENT_TYPE):
        return True
    preferred = request.get_preferred_type(["text/html", "application/json", CONTENT_TYPE])
    return preferred in ("application/json", CONTENT_TYPE)


def error_response(request: HttpRequest, error: PlatformError) -> HttpResponse:
    """Answer an expected error in the caller's format. Middlewares outside of the views call this for their own errors."""
    log_error(error)
    if wants_problem(request):
        return JsonResponse(describe(error), status=error.status, content_type=CONTENT_TYPE, headers=headers_of(error))
    fragment = request.headers.get("HX-Request") == "true" and request.headers.get("HX-Boosted") != "true"
    body = _render("errors/fragment.html" if fragment else "errors/error.html", describe(error), request)
    return HttpResponse(body, status=error.status, headers=headers_of(error))


def exception_handler(error: Exception, context: Mapping[str, Any]) -> Response:
    """Django REST framework's handler: every error of an API view leaves as a problem document."""
    known = as_platform_error(error)
    if known is None:
        logger.error("unexpected error in an API view", exc_info=error)
        known = InternalError()
    else:
        log_error(known)
    headers = headers_of(known)
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    response = Response(describe(known), status=known.status, headers=headers, content_type=CONTENT_TYPE)
    response.exception = True
    return response


def as_platform_error(error: Exception) -> PlatformError | None:  # noqa: PLR0911 - a table
    """The coded error that says what ``error`` says, or None when it is a bug."""
    match error:
        case PlatformError():
            return error
        case drf.ValidationError():
            return InvalidInput(fields=flatten(error.detail))
        case drf.ParseError():
            return MalformedBody(detail=str(error.detail))
        case drf.NotAuthenticated() | drf.AuthenticationFailed():
            return NotSignedIn(detail=str(error.detail))
        case drf.PermissionDenied() | PermissionDenied():
            return NotAllowed(detail=str(error))
        case drf.NotFound() | Http404():
            return NotFound(detail=str(error))
        case drf.MethodNotAllowed():
            return MethodNotAllowed(detail=str(error.detail))
        case drf.NotAcceptable():
            return NotAcceptable(detail=str(error.detail))
        case drf.UnsupportedMediaType():
            return UnsupportedFormat(detail=str(error.detail))
        case drf.Throttled():
            return LimitReached(
                _("Too many requests. Wait a moment and try again."), retry_after=getattr(error, "wait", None)
            )
    return None


def flatten(detail: Any, *, path: str = "") -> dict[str, str]:
    """Nested validation messages as ``{"items.0.title": "..."}``; messages about the whole body stand under ``""``."""
    if isinstance(detail, Mapping):
        return {
            name: text
            for key, inner in detail.items()
            for name, text in flatten(inner, path=path if key == "non_field_errors" else _join(path, key)).items()
        }
    if isinstance(detail, list | tuple):
        if not any(isinstance(inner, Mapping | list | tuple) for inner in detail):
            return {path: " ".join(str(inner) for inner in detail)}
        return {
            name: text
            for index, inner in enumerate(detail)
            for name, text in flatten(inner, path=_join(path, index)).items()
        }
    return {path: str(detail)}


def log_error(error: PlatformError) -> None:
    """One line per refused request: a warning from 500 on, else information; ``detail`` appears here only."""
    level = logging.WARNING if error.status >= SERVER_ERROR else logging.INFO
    logger.log(
        level,
        "request refused",
        extra={"code": error.code, "status": error.status, "detail": error.detail, "fields": sorted(error.fields)},
    )


def _join(path: str, key: object) -> str:
    return f"{path}.{key}" if path else str(key)


def _render(template: str, document: dict[str, Any], request: HttpRequest) -> str:
    # Whoever is inside another's workspace sees so on every page; nothing else of the request is asked for here.
    staff_access = getattr(request, "staff_access", None)
    token = get_token(request) if staff_access else ""
    language: dict[str, Any] = {
        "staff_access": staff_access,
        "csrf_token": token,
        "language": get_language() or "en",
        "direction": "rtl" if get_language_bidi() else "ltr",
    }
    try:
        return render_to_string(template, {"problem": document, **language})
    except Exception:
        logger.exception("the error page itself failed")
        return format_html(
            "<!doctype html><title>{}</title><h1>{}</h1><p>{}</p><p>{}</p>",
            document["title"],
            document["title"],
            document["detail"],
            document["request_id"],
        )
