"""Chats of a Telegram connection: a member links an own one by a one-time code."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from apps.accounts.guards import held_permissions, permission_required
from apps.connectors import facade
from apps.core.errors import PlatformError


@require_POST
@permission_required("connections.view")
def chat_code(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """Show a code once; it is good for ten minutes."""
    view = facade.get_connection(connection_id)
    try:
        code = facade.make_link_code(connection_id, user_id=int(request.user.pk or 0))
        if view.connector == "slack":
            said = _("Write in Slack within ten minutes: /echopilot link %(code)s") % {"code": code}
        else:
            said = _("Write to %(bot)s within ten minutes: /link %(code)s") % {"bot": view.account_name, "code": code}
        messages.success(request, said)
    except PlatformError as error:
        messages.error(request, error.text)
    return redirect("connections:connection_detail", connection_id)


@require_POST
@permission_required("connections.view")
def chat_unlink(request: HttpRequest, chat_id: UUID) -> HttpResponse:
    """Forget a chat."""
    manage = "connections.manage" in held_permissions(request)
    chat = facade.unlink_chat(chat_id, user_id=int(request.user.pk or 0), may_manage=manage)
    messages.success(request, _("The chat %(title)s is no longer linked.") % {"title": chat.title or chat.chat_id})
    return redirect("connections:connection_detail", chat.connection_id)
