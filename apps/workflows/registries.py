"""What other apps add to workflows."""

from apps.core.registry import Registry
from apps.workflows.contracts import StepHandler, Subject
from apps.workflows.triggers.registries import TASKS, NewRequest, RequestDoor, request_doors  # noqa: F401 - a door for tasks

step_types: Registry[StepHandler] = Registry(
    name="workflows.step_types", entry_type=StepHandler, key=lambda step: step.type
)
subjects: Registry[Subject] = Registry(name="workflows.subjects", entry_type=Subject, key=lambda subject: subject.kind)
