"""Registers the app with the platform."""

from apps.core.apps import PlatformApp


class WorkflowsConfig(PlatformApp):
    name = "apps.workflows"
    label = "workflows"
