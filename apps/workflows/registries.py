"""What other apps add to workflows."""

from apps.core.registry import Registry
from apps.workflows.contracts import StepHandler, Subject

step_types: Registry[StepHandler] = Registry(
    name="workflows.step_types", entry_type=StepHandler, key=lambda step: step.type
)
subjects: Registry[Subject] = Registry(name="workflows.subjects", entry_type=Subject, key=lambda subject: subject.kind)
