"""Registers the app with the platform."""

from apps.core.apps import PlatformApp


class TasksConfig(PlatformApp):
    name = "apps.tasks"
    label = "tasks"
