"""The step by which a workflow asks for work: a task of its own, answered by its own run."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop as noop

from apps.tasks.enums import Priority, TaskSource
from apps.tasks.services.submitting import submit_task
from apps.workflows.contracts import EffectFailed, FailureKind, StepContext, StepHandler, StepResult, as_text

LONGEST = 200


class CreateTask(StepHandler):
    """Makes one task however often the step runs; a workflow that answers tasks may not make tasks, or it might never end."""

    type = "task.create"
    title = _("Create a task")
    description = _("Sends in a task, as a person would in the portal. Its answer goes through the quality gate.")
    category = "people"
    icon = "list-checks"
    errors = ("task_in_task", "plan_limit_reached")
    sensitive = {"task_type": "object"}  # it names the workflow that answers
    config_schema = {
        "type": "object",
        "required": ["title"],
        "additionalProperties": False,
        "properties": {
            "title": {"title": noop("Title")},
            "body": {"title": noop("What shall be done")},
            "task_type": {"type": "string", "maxLength": 40, "title": noop("Task type")},
            "priority": {"enum": list(Priority.values), "title": noop("Priority")},
            "client": {"type": "string", "maxLength": 120, "title": noop("Client")},
            "due_on": {"type": ["string", "null"], "format": "date", "title": noop("Due on")},
        },
    }
    output_schema = {
        "type": "object",
        "required": ["task_id", "number"],
        "properties": {"task_id": {"type": "string"}, "number": {"type": "integer", "title": noop("Number")}},
    }

    def run(self, ctx: StepContext) -> StepResult:
        if ctx.subject_kind == "task":
            raise EffectFailed(
                FailureKind.PERMANENT, "task_in_task", str(_("A workflow that answers tasks cannot create tasks."))
            )
        config: dict[str, Any] = dict(ctx.config)
        task = submit_task(
            source=TaskSource.WORKFLOW, title=" ".join(as_text(config["title"]).split())[:LONGEST],
            body=as_text(config.get("body", "")), task_type=config.get("task_type", "other"),
            priority=config.get("priority", Priority.NORMAL), client=config.get("client", ""), due_on=config.get("due_on"),
            source_ref={"run": str(ctx.run_id), "workflow": ctx.workflow, "step": ctx.path}, idempotency_key=ctx.key,
        )  # fmt: skip
        return StepResult(
            output={"task_id": str(task.id), "number": task.number}, summary=f"#{task.number} {task.title}"[:200]
        )
