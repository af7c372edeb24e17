"""Registers the app with the platform."""

from apps.core.apps import PlatformApp


class DispatchConfig(PlatformApp):
    """The durable work queue."""

    name = "apps.dispatch"
    label = "dispatch"
