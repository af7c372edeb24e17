"""Registers the app with the platform."""

from apps.core.apps import PlatformApp


class PortalConfig(PlatformApp):
    """The shell and the pages that belong to no single app."""

    name = "apps.portal"
    label = "portal"
