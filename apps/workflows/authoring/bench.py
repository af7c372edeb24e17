"""What a design may be made of in the current workspace: installed steps, working connections, prompts, the validator as judge."""

from apps.ai import facade as ai
from apps.connectors import facade as connectors
from apps.connectors.registries import event_types
from apps.workflows.authoring.asking import Problem, StepOption, Workbench
from apps.workflows.contracts import StepDescription
from apps.workflows.core.problems import errors
from apps.workflows.palette import describe_steps
from apps.workflows.services.definitions import validate_definition
from apps.workflows.triggers.hearing import ROW_CHANGED
from apps.workflows.triggers.types import TRIGGER_TYPES, TriggerType

# Steps that only make sense in the workflow that answers a task.
ONLY_FOR_TASKS = frozenset({"task.brief", "task.verdict", "task.ask_person", "task.deliver", "task.fail"})


def workbench() -> Workbench:
    """The bench of the current tenant, in the reader's language. Three queries."""
    working = [one for one in connectors.list_connections() if one.state == "active"]
    return Workbench(
        steps=[_option(one) for one in describe_steps() if one.type not in ONLY_FOR_TASKS],
        triggers=[_trigger(one) for one in TRIGGER_TYPES],
        connections=[(str(one.id), one.connector, one.name) for one in working],
        check=lambda definition: [
            Problem(place=one.place, message=f"{one.message} {one.suggestion}".strip())
            for one in errors(validate_definition(definition))
        ],
        prompts=[one for one in ai.list_prompts() if not one.builtin],
    )


def _option(one: StepDescription) -> StepOption:
    return StepOption(
        type=one.type,
        title=one.title,
        description=one.description,
        config_schema=one.config_schema,
        output_schema=one.output_schema,
    )


def _trigger(one: TriggerType) -> StepOption:
    """Its settings with the names that can stand in them, which the schema leaves open."""
    names = sorted(entry.type for entry in event_types)
    known = {"events": {"type": "array", "items": {"enum": names}}, "change": {"enum": [ROW_CHANGED]}}
    properties = one.config_schema["properties"]
    told = {name: known.get(name, schema) for name, schema in properties.items()}
    return StepOption(
        type=one.type, title=str(one.title), description=str(one.description),
        config_schema={**one.config_schema, "properties": told}, output_schema=one.output_schema,
    )  # fmt: skip
