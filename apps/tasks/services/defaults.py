"""Puts the built-in task types and the built-in workflow in place. Safe to repeat; people's changes to types are kept."""

import json
from functools import cache
from importlib.resources import files
from typing import Any

from apps.tasks.models import TaskType
from apps.workflows import facade as workflows

BUILT_IN_WORKFLOW = "answer"


@cache
def _data(name: str) -> Any:
    return json.loads(files("apps.tasks").joinpath("data", name).read_text("utf-8"))


def install(*, workflow: str = BUILT_IN_WORKFLOW) -> bool:
    """Create what is missing in the current tenant and publish the built-in workflow's newest definition.

    False, and nothing done, when asked for a workflow that is not built in.
    """
    if workflow != BUILT_IN_WORKFLOW:
        return False
    TaskType.objects.bulk_create(
        (TaskType(is_builtin=True, **entry) for entry in _data("task_types.json")), ignore_conflicts=True
    )
    built_in = _data("answer.json")
    workflows.ensure_workflow(slug=BUILT_IN_WORKFLOW, name=built_in["name"], definition=built_in["definition"])
    return True


def is_current() -> bool:
    """Whether every built-in type exists."""
    wanted = {entry["slug"] for entry in _data("task_types.json")}
    return set(TaskType.objects.filter(slug__in=wanted).values_list("slug", flat=True)) == wanted
