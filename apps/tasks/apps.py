"""Registers the app with the platform."""

from apps.core.apps import PlatformApp


class TasksConfig(PlatformApp):
    """Requests, answers, the person queue, Notion."""

    name = "apps.tasks"
    label = "tasks"
