"""A Django app for worker processes of tests: registers the provider double's step types before the registries close."""

from django.apps import AppConfig


class ProviderConfig(AppConfig):
    """Listed before the composition root in the fault tests' settings."""

    name = "tests.workflows"
    label = "provider_double"

    def ready(self) -> None:
        """Register the steps."""
        from apps.workflows.registries import step_types
        from tests.workflows.provider_steps import STEPS

        for step in STEPS:
            if step.type not in step_types:
                step_types.register(step)
