"""Errors of live updates."""

from django.utils.translation import gettext_lazy as _

from apps.core.errors import NotAllowed, NotFound


class UnknownTopic(NotFound):
    """No such topic, or nothing by that id in this workspace; both are answered alike."""

    code = "unknown_topic"
    message = _("There is nothing by that name to watch. Reload the page.")


class TicketRefused(NotAllowed):
    """The ticket is missing, forged, too old, or was issued for another host."""

    code = "ticket_refused"
    message = _("This page may not listen any more. Reload it.")
