"""What other apps add to workflows."""

from apps.core.registry import Registry
from apps.workflows.contracts import StepHandler

step_types: Registry[StepHandler] = Registry(
    name="workflows.step_types", entry_type=StepHandler, key=lambda step: step.type
)
