"""Connecting by sign-in with the service: away to its page, and back."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.guards import permission_required
from apps.connectors import facade
from apps.connectors.registries import connectors
from apps.core.errors import PlatformError


def redirect_address(request: HttpRequest) -> str:
    """Where services send the browser back to: on this workspace's own host."""
    return request.build_absolute_uri(reverse("connections:oauth_callback"))


@require_POST
@permission_required("connections.manage")
def oauth_start(request: HttpRequest, connector: str) -> HttpResponse:
    """Send the browser to the service's own page."""
    connectors.get(connector)
    known = request.POST.get("connection", "")
    try:
        address = facade.begin_sign_in(
            connector=connector, user_id=int(request.user.pk or 0), session_key=_session(request),
            redirect_uri=redirect_address(request), name=request.POST.get("name", "").strip(),
            connection_id=facade.get_connection(UUID(known)).id if known else None,
        )  # fmt: skip
    except (PlatformError, ValueError) as error:
        messages.error(request, error.text if isinstance(error, PlatformError) else _("Start the sign-in again."))
        return redirect("connections:connection_create", connector)
    return redirect(address)


@require_GET
@permission_required("connections.manage")
def oauth_callback(request: HttpRequest) -> HttpResponse:
    """The service sent the browser back, with a code or with a refusal."""
    try:
        view = facade.finish_sign_in(
            state=request.GET.get("state", "")[:200], code=request.GET.get("code", "")[:4000],
            error=request.GET.get("error", "")[:200], user_id=int(request.user.pk or 0), session_key=_session(request),
        )  # fmt: skip
    except PlatformError as error:
        messages.error(request, error.text)
        return redirect("connections:connection_list")
    manifest = connectors.get(view.connector)
    messages.success(request, _("%(service)s accepted the sign-in. Connected as %(account)s.")
                     % {"service": manifest.title, "account": view.account_name})  # fmt: skip
    return redirect("connections:connection_detail", view.id)


def _session(request: HttpRequest) -> str:
    if not request.session.session_key:
        request.session.save()
    return str(request.session.session_key)
