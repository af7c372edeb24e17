"""Registers the app with the platform."""

from apps.core.apps import PlatformApp


class LiveConfig(PlatformApp):
    """Tells open pages that something they show has changed."""

    name = "apps.live"
    label = "live"
