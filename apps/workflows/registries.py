"""What other apps add to workflows."""

from apps.core.registry import Registry
from apps.workflows.contracts import RevenueSource, StepHandler, Subject
from apps.workflows.triggers.registries import TASKS, NewRequest, RequestDoor, request_doors

__all__ = ["TASKS", "NewRequest", "RequestDoor", "request_doors", "run_revenue", "step_types", "subjects"]

step_types: Registry[StepHandler] = Registry(
    name="workflows.step_types", entry_type=StepHandler, key=lambda step: step.type
)
subjects: Registry[Subject] = Registry(name="workflows.subjects", entry_type=Subject, key=lambda subject: subject.kind)
# Who knows what runs earned; without an entry a margin is shown as unknown.
run_revenue: Registry[RevenueSource] = Registry(
    name="workflows.run_revenue", entry_type=RevenueSource, key=lambda source: source.name
)
