"""Words the task pages use about a task."""

from django.utils.translation import gettext as _

from apps.tasks.contracts import TaskView
from apps.tasks.demo import demo_rows
from apps.tasks.enums import TaskState


def sentence_about(task: TaskView) -> str:
    """One sentence that says where the task stands, before any figure."""
    score = {"score": task.score, "target": task.target}
    if task.state == TaskState.DONE:
        if task.review and task.review.decided_by:
            return _("Answered, then approved by a person.")
        if task.score is None:
            return _("Answered.")
        if task.revisions:
            return _("Answered after a revision: %(score)s of 100, %(target)s needed.") % score
        return _("Answered at the first try: %(score)s of 100, %(target)s needed.") % score
    if task.state == TaskState.REVIEW:
        return _("The quality gate was not sure enough. A person decides.")
    if task.state == TaskState.FAILED:
        return _("This did not work out. The reason and the next step are below.")
    if task.state == TaskState.CANCELLED:
        return _("Cancelled. Nothing more is spent on it.")
    if task.state == TaskState.RUNNING:
        return _("A model is working on it; this page moves along.")
    return _("In the queue; a worker takes it in a moment.")


def example_request() -> dict[str, str]:
    """A first task that the bundled model answers well, to try the product with."""
    row = demo_rows()[0]
    return {"title": row.title, "body": row.body, "task_type": row.task_type}
