"""Last app of all: closes what the others opened."""

from django.apps import AppConfig


class EchoPilotConfig(AppConfig):
    """Closes the registries once every app has registered."""

    name = "echopilot"
    label = "echopilot"

    def ready(self) -> None:
        from apps.core.registry import Registry

        Registry.close_all()
