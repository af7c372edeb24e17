"""Registers the app with the platform."""

from apps.core.apps import PlatformApp


class AiConfig(PlatformApp):
    name = "apps.ai"
    label = "ai"
