"""Figures about connections for staff."""

from django.utils.translation import gettext_lazy as _

from apps.connectors.enums import ConnectionState
from apps.connectors.models import Connection
from apps.tenants.registries import TenantFigure


def _broken() -> str:
    states = list(Connection.objects.values_list("state", flat=True))
    return f"{states.count(ConnectionState.ATTENTION)} / {len(states)}"


FIGURES = (TenantFigure(name="connections", label=_("Connections that need attention"), order=50, measure=_broken),)
