"""Registers the app with the platform."""

from apps.core.apps import PlatformApp


class ConnectorsConfig(PlatformApp):
    """Connections to outside services."""

    name = "apps.connectors"
    label = "connectors"
