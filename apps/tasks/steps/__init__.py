"""The task's own steps in workflows: brief the model, take note of the verdict, ask a person, deliver, fail; and creating a task.

All are pure: they touch our tables inside the engine's checkpoint, so an answer is delivered exactly once. A run that the task
does not work with any more (it was retried, or this is a replay) computes the same outputs and leaves the task alone.
"""

from apps.tasks.steps.closing import AskPerson, Deliver, Fail
from apps.tasks.steps.creating import CreateTask
from apps.tasks.steps.writing import Brief, NoteVerdict

ALL = (Brief(), NoteVerdict(), AskPerson(), Deliver(), Fail(), CreateTask())
