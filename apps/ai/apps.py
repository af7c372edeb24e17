"""Registers the app with the platform."""

from apps.core.apps import PlatformApp


class AiConfig(PlatformApp):
    """The model gateway and the quality gate."""

    name = "apps.ai"
    label = "ai"
