"""Registers the app with the platform."""

from apps.core.apps import PlatformApp


class PortalConfig(PlatformApp):
    name = "apps.portal"
    label = "portal"
