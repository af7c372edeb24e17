"""The door through which triggers of workflows bring requests, and have a task type answered by their workflow."""

from io import BytesIO
from uuid import UUID

from django.utils.translation import gettext as _

from apps.core.errors import InvalidInput
from apps.tasks.contracts import NewAttachment
from apps.tasks.models import TaskType
from apps.tasks.selectors import list_task_types
from apps.tasks.services.submitting import find_type, submit_task
from apps.workflows.registries import TASKS, NewRequest, RequestDoor

BUILT_IN = "answer"


def submit(request: NewRequest) -> UUID:
    """A task from a schedule, a webhook or an e-mail. The same key again is the same task."""
    task = submit_task(
        source=request.source,
        title=request.title,
        body=request.body,
        task_type=request.task_type,
        priority=request.priority,
        client=request.client,
        source_ref=request.source_ref,
        idempotency_key=request.key,
        attachments=[NewAttachment(name=name, file=BytesIO(content)) for name, content in request.files],
    )
    return task.id


def bind(task_type: str, workflow: str) -> None:
    """Have new tasks of this type answered by the workflow. Raises ``InvalidInput`` when another workflow answers them already."""
    kind = find_type(task_type)
    if kind.workflow not in (BUILT_IN, workflow):
        raise InvalidInput(
            fields={
                "task_type": _("Tasks of this type are answered by the workflow %(slug)s.") % {"slug": kind.workflow}
            }
        )
    TaskType.objects.filter(pk=kind.pk).update(workflow=workflow)


def unbind(task_type: str, workflow: str) -> None:
    """Tasks of this type are answered by the built-in workflow again, unless somebody chose another one since."""
    TaskType.objects.filter(slug=task_type, workflow=workflow).update(workflow=BUILT_IN)


def types() -> list[tuple[str, str]]:
    """Task types a trigger can choose from: slug and name."""
    return [(one.slug, one.name) for one in list_task_types()]


DOOR = RequestDoor(name=TASKS, submit=submit, bind=bind, unbind=unbind, types=types)
