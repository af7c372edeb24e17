"""The one door to tasks for other apps and for the doors of the product."""

from apps.tasks.contracts import (  # noqa: F401
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
