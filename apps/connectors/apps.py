"""Registers the app with the platform."""

from apps.core.apps import PlatformApp


class ConnectorsConfig(PlatformApp):
    name = "apps.connectors"
    label = "connectors"
