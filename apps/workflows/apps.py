"""Registers the app with the platform."""

from apps.core.apps import PlatformApp


class WorkflowsConfig(PlatformApp):
    """Definitions, runs and the engine that carries them out."""

    name = "apps.workflows"
    label = "workflows"
