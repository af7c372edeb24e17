"""The one door to tasks for other apps and for the doors of the product. Every function works in the current tenant."""

from apps.tasks.contracts import (
    AttachmentView,
    DeadLetter,
    EventView,
    MetricRow,
    NewAttachment,
    Page,
    ReviewView,
    StuckTask,
    TaskRow,
    TaskTypeView,
    TaskView,
)
from apps.tasks.demo import seed_demo
from apps.tasks.selectors import (
    count_open_reviews,
    count_tasks_by_state,
    get_task,
    has_decided,
    list_chosen,
    list_clients,
    list_held,
    list_reviews,
    list_task_types,
    list_tasks,
    open_attachment,
)
from apps.tasks.services.daily import DayRow, day_metrics
from apps.tasks.services.defaults import install as ensure_defaults
from apps.tasks.services.holding import hold_decision, undo_decision
from apps.tasks.services.metrics import job_metrics, roll_up
from apps.tasks.services.recovery import (
    cancel_task,
    hold_cancel,
    list_dead_letters,
    replay_dead,
    retry_task,
    undo_cancel,
)
from apps.tasks.services.reviewing import decide_review
from apps.tasks.services.stuck import find_stuck
from apps.tasks.services.submitting import submit_task

__all__ = [
    "AttachmentView", "DayRow", "DeadLetter", "EventView", "MetricRow", "NewAttachment", "Page", "ReviewView", "StuckTask",
    "TaskRow", "TaskTypeView", "TaskView", "cancel_task", "count_open_reviews", "count_tasks_by_state", "day_metrics",
    "decide_review", "ensure_defaults", "find_stuck", "get_task", "has_decided",
    "hold_cancel", "hold_decision", "job_metrics", "list_chosen", "list_clients",
    "list_dead_letters", "list_held", "list_reviews", "list_task_types", "list_tasks", "open_attachment", "replay_dead",
    "retry_task", "roll_up", "seed_demo", "submit_task", "undo_cancel", "undo_decision",
]  # fmt: skip
