"""Connections in the portal: what can be connected, how each connection is doing, and what a person may do about it."""

import time
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.guards import held_permissions, permission_required
from apps.connectors import facade, sign_in
from apps.connectors.bot.chats import CHATTING
from apps.connectors.conf import oauth_variables, sandbox
from apps.connectors.contracts import ConnectionView
from apps.connectors.enums import SchemaAction
from apps.connectors.forms import ConnectForm
from apps.connectors.pages_catalogue import shelves
from apps.connectors.pages_sign_in import redirect_address
from apps.connectors.registries import connectors
from apps.core.errors import PlatformError

SHOWN_STATES = ("active", "attention", "paused")


def _may_manage(request: HttpRequest) -> bool:
    return "connections.manage" in held_permissions(request)


@require_GET
@permission_required("connections.view")
def connection_list(request: HttpRequest) -> HttpResponse:
    """Every connection with its health, then everything that can be connected."""
    found = facade.list_connections()
    context = {
        "connections": [one for one in found if one.state in SHOWN_STATES],
        "former": [one for one in found if one.state not in SHOWN_STATES],
        "shelves": shelves(),
        "conflicts": sum(one.open_conflicts for one in found),
        "may_manage": _may_manage(request),
        "now": timezone.now(),
    }
    return render(request, "connectors/connection_list.html", context)


@require_http_methods(["GET", "POST"])
@permission_required("connections.manage")
def connection_create(request: HttpRequest, connector: str) -> HttpResponse:
    """Type credentials; they are kept only when the service itself accepts them."""
    return _connect(request, connector, known=None)


@require_http_methods(["GET", "POST"])
@permission_required("connections.manage")
def connection_reconnect(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """The same with newer credentials; what is known of rows stays."""
    known = facade.get_connection(connection_id)
    return _connect(request, known.connector, known=known)


def _connect(request: HttpRequest, slug: str, *, known: ConnectionView | None) -> HttpResponse:
    manifest = connectors.get(slug)
    local = sandbox() if slug == "notion" else None
    initial: dict[str, str] = {}
    if known is not None:
        initial = {"name": known.name, "parent_page_id": known.parent_page_id}
    if local is not None:
        initial = {"token": local.token, "parent_page_id": local.parent_page_id} | initial
    form = ConnectForm(request.POST or None, connector=manifest, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            view = facade.connect(connector=slug, values=form.credentials(), name=form.cleaned_data["name"])
            messages.success(request, _("%(service)s accepted the credentials. Connected as %(account)s.")
                             % {"service": manifest.title, "account": view.account_name})  # fmt: skip
            return redirect("connections:connection_detail", view.id)
        except PlatformError as error:
            form.add_platform_error(error)
    context = {
        "form": form,
        "manifest": manifest,
        "known": known,
        "sandbox": local,
        "signs_in": sign_in.available(manifest),
        "oauth_variables": oauth_variables(manifest.oauth.client).replace(", ", "\n") if manifest.oauth else "",
        "redirect_address": redirect_address(request) if manifest.oauth else "",
    }
    return render(request, "connectors/connection_form.html", context, status=400 if form.errors else 200)


@require_GET
@permission_required("connections.view")
def connection_detail(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """One connection: is it working, what was found there, what may be done."""
    return _detail(request, facade.get_connection(connection_id))


def _detail(request: HttpRequest, view: ConnectionView, **more: Any) -> HttpResponse:
    rate = facade.rate_reading(view)
    context = {
        "connection": view,
        "manifest": connectors.get(view.connector),
        "rate": rate,
        "rate_percent": 100 * rate.used / rate.burst,
        "may_manage": _may_manage(request),
        "calls": facade.list_calls(view.id, limit=10),
        "chats": facade.list_chats(view.id) if view.connector in CHATTING else (),
        "uses": facade.list_uses(view.id),
        "refresh": view.setup_state == "running",
        "webhook_url": request.build_absolute_uri(view.webhook_path) if _may_manage(request) else "",
        "now": timezone.now(),
        **more,
    }
    fragment = request.headers.get("X-Fragment") == "1"
    return render(request, "connectors/_connection.html" if fragment else "connectors/connection_detail.html", context)


@require_POST
@permission_required("connections.manage")
def connection_test(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """Make the cheapest call there is and say in one sentence what came of it."""
    begun = time.monotonic()
    facade.get_connection(connection_id)
    try:
        view = facade.test_connection(connection_id)
        messages.success(request, _("%(account)s answered in %(n)d ms.")
                         % {"account": view.account_name, "n": round((time.monotonic() - begun) * 1000)})  # fmt: skip
    except PlatformError as error:
        messages.error(request, error.text)
    return redirect("connections:connection_detail", connection_id)


@require_POST
@permission_required("connections.manage")
def connection_pause(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """Pause; the notice carries the way back."""
    view = facade.pause_connection(connection_id)
    if view.state == "paused":
        undo = reverse("connections:connection_resume", args=[connection_id])
        messages.success(request, _("%(name)s is paused. What is to be sent waits.") % {"name": view.name},
                         extra_tags=f"undo:{undo}")  # fmt: skip
    return redirect("connections:connection_detail", connection_id)


@require_POST
@permission_required("connections.manage")
def connection_resume(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """Go on where it stopped."""
    view = facade.resume_connection(connection_id)
    messages.success(request, _("%(name)s is working again.") % {"name": view.name})
    return redirect("connections:connection_detail", connection_id)


@require_POST
@permission_required("connections.manage")
def connection_disconnect(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """Forget the credentials. Connecting again goes on where it stopped."""
    name = facade.get_connection(connection_id).name
    facade.disconnect(connection_id)
    messages.success(request, _("%(name)s is disconnected and its credentials are forgotten. Nothing was deleted there.")
                     % {"name": name})  # fmt: skip
    return redirect("connections:connection_list")


@require_POST
@permission_required("connections.manage")
def connection_read(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """Read the databases now instead of within the minute."""
    facade.request_notion_poll(connection_id)
    messages.success(request, _("Reading now. A ticked row becomes a task within seconds."))
    return redirect("connections:connection_detail", connection_id)


@require_POST
@permission_required("connections.manage")
def connection_schema(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """Compare the databases with what is declared and show every difference; nothing is changed."""
    view = facade.get_connection(connection_id)
    try:
        diff = facade.notion_plan(connection_id)
    except PlatformError as error:
        messages.error(request, error.text)
        return redirect("connections:connection_detail", connection_id)
    labels = dict(SchemaAction.choices)
    titles = {database.key: database.title for database in view.databases}
    lines = [
        {"change": change, "label": labels.get(change.action, change.action), "database": titles.get(change.database_key)
         or change.database_key.replace("_", " ").title(), "adds": change.action.startswith(("create", "add", "set"))}
        for change in diff.changes
    ]  # fmt: skip
    context = {
        "connection": view,
        "lines": lines,
        "diff": diff,
        "wrong_types": any(change.action == SchemaAction.WRONG_TYPE for change in diff.changes),
        "repairable": any(not change.blocked and change.action != SchemaAction.RENAMED for change in diff.changes),
    }
    return render(request, "connectors/connection_schema.html", context)


@require_POST
@permission_required("connections.manage")
def connection_set_up(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """Have the workers create and repair what the comparison showed."""
    facade.request_notion_setup(connection_id, shadow_columns=request.POST.get("shadow_columns") == "on")
    messages.success(request, _("The databases are being set up. This page follows along."))
    return redirect("connections:connection_detail", connection_id)
