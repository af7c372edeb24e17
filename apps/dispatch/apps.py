"""Registers the app with the platform."""

from apps.core.apps import PlatformApp


class DispatchConfig(PlatformApp):
    name = "apps.dispatch"
    label = "dispatch"
