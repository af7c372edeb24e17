"""Django's own error doors (400, 403, 404, 500, CSRF), answered like every other error."""

from __future__ import annotations

import sys

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from apps.core.errors import InvalidInput, LimitReached, NotAllowed, NotFound, PlatformError
from apps.core.problems import InternalError, TooLarge, error_response


class CsrfFailed(NotAllowed):
    """The form's token is missing or old."""

    code = "csrf_failed"
    message = _("This form is too old or was opened in another place. Go back, reload the page and send it again.")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Requests Django itself refuses: wrong host, damaged encoding, too many or too large fields."""
    if isinstance(exception, RequestDataTooBig | TooManyFieldsSent | TooManyFilesSent):
        return error_response(request, TooLarge(detail=str(exception)))
    return error_response(request, InvalidInput(_("The request is not well formed."), detail=str(exception)))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A view raised Django's ``PermissionDenied``."""
    return error_response(request, NotAllowed(detail=str(exception)))


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """No address matches, or a view raised ``Http404``."""
    return error_response(request, NotFound(detail=type(exception).__name__))


def server_error(request: HttpRequest) -> HttpResponse:
    """A bug, or an expected error raised outside of the views (a middleware); never shows a stack trace."""
    error = sys.exc_info()[1]
    return error_response(request, error if isinstance(error, PlatformError) else InternalError())


def too_many_requests(request: HttpRequest) -> HttpResponse:
    """A limit on sign-in, codes or resets was reached; the same words whatever the reason."""
    text = _("Too many attempts in a short time. Wait a minute, then try again; nothing you have is lost.")
    return error_response(request, LimitReached(text, retry_after=60))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A state-changing request without a valid token."""
    return error_response(request, CsrfFailed(detail=reason))
