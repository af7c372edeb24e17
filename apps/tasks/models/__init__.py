"""Requests, what became of them, figures, and what Notion rows they came from (tenant schema)."""

from apps.tasks.models.assistant import Conversation, ConversationTurn
from apps.tasks.models.figures import JobMetric
from apps.tasks.models.held import HeldDecision
from apps.tasks.models.notion import NotionClient, NotionRow
from apps.tasks.models.requests import Attachment, ReviewItem, Task, TaskCounter, TaskEvent, TaskType

__all__ = [
    "Attachment",
    "Conversation",
    "ConversationTurn",
    "HeldDecision",
    "JobMetric",
    "NotionClient",
    "NotionRow",
    "ReviewItem",
    "Task",
    "TaskCounter",
    "TaskEvent",
    "TaskType",
]
