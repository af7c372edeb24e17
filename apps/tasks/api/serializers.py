"""What goes in and out of the task endpoints, field by field."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from apps.core.api import StrictSerializer
from apps.tasks import intake
from apps.tasks.enums import Decision, Priority, TaskState


class NewTaskSerializer(StrictSerializer):
    """A request. ``body`` carries everything the answer needs; files may come along as multipart/form-data."""

    title = serializers.CharField(max_length=intake.MAX_TITLE)
    body = serializers.CharField(max_length=intake.MAX_BODY)
    task_type = serializers.SlugField(
        max_length=40, default="other", help_text=_("Slug of a task type of the workspace.")
    )
    priority = serializers.ChoiceField(choices=Priority.choices, default=Priority.NORMAL)
    due_on = serializers.DateField(required=False, allow_null=True, default=None)
    qa_target = serializers.IntegerField(
        required=False,
        allow_null=True,
        default=None,
        min_value=1,
        max_value=100,
        help_text=_("Score this task must reach; empty: the type's."),
    )
    client = serializers.CharField(max_length=intake.MAX_CLIENT, required=False, allow_blank=True, default="")
    attachments = serializers.ListField(child=serializers.FileField(), required=False, max_length=10, default=list)


class DecisionSerializer(StrictSerializer):
    """A person's decision. ``reason`` is needed to revise or reject; ``edited_text`` replaces the answer on approval."""

    decision = serializers.ChoiceField(choices=Decision.choices)
    edited_text = serializers.CharField(
        required=False, allow_null=True, allow_blank=True, default=None, max_length=200_000, trim_whitespace=False
    )
    reason = serializers.CharField(required=False, allow_blank=True, default="", max_length=2_000)


class CancelSerializer(StrictSerializer):
    """Why a task is cancelled."""

    reason = serializers.CharField(required=False, allow_blank=True, default="", max_length=500)


class NothingSerializer(StrictSerializer):
    """A call that takes no body."""


class TaskQuerySerializer(serializers.Serializer[Any]):
    """Filters of the list."""

    state = serializers.ChoiceField(choices=TaskState.choices, required=False)
    task_type = serializers.SlugField(max_length=40, required=False)
    search = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    cursor = serializers.CharField(max_length=20, required=False)
    limit = serializers.IntegerField(min_value=1, max_value=200, default=50)


class TaskRowSerializer(serializers.Serializer[Any]):
    """One line of the list. ``cost_micros`` are millionths of a US dollar."""

    id = serializers.UUIDField(read_only=True)
    number = serializers.IntegerField(read_only=True)
    title = serializers.CharField(read_only=True)
    task_type = serializers.CharField(read_only=True)
    state = serializers.ChoiceField(choices=TaskState.choices, read_only=True)
    priority = serializers.ChoiceField(choices=Priority.choices, read_only=True)
    source = serializers.CharField(read_only=True)
    score = serializers.IntegerField(read_only=True, allow_null=True)
    target = serializers.IntegerField(read_only=True)
    cost_micros = serializers.IntegerField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)
    finished_at = serializers.DateTimeField(read_only=True, allow_null=True)


class AttachmentSerializer(serializers.Serializer[Any]):
    """A file of the task."""

    id = serializers.UUIDField(read_only=True)
    name = serializers.CharField(read_only=True)
    kind = serializers.CharField(read_only=True)
    media_type = serializers.CharField(read_only=True)
    size = serializers.IntegerField(read_only=True)
    duration_s = serializers.FloatField(read_only=True, allow_null=True)


class ReviewSerializer(serializers.Serializer[Any]):
    """The latest time a person was asked."""

    id = serializers.UUIDField(read_only=True)
    reason = serializers.CharField(read_only=True)
    why = serializers.CharField(read_only=True)
    answer = serializers.CharField(read_only=True)
    state = serializers.CharField(read_only=True)
    decision = serializers.CharField(read_only=True)
    edited_text = serializers.CharField(read_only=True)
    note = serializers.CharField(read_only=True)
    decided_by = serializers.IntegerField(read_only=True, allow_null=True)
    decided_at = serializers.DateTimeField(read_only=True, allow_null=True)
    created_at = serializers.DateTimeField(read_only=True)


class EventSerializer(serializers.Serializer[Any]):
    """One entry of the task's own timeline."""

    kind = serializers.CharField(read_only=True)
    title = serializers.CharField(read_only=True)
    detail = serializers.CharField(read_only=True)
    actor_id = serializers.IntegerField(read_only=True, allow_null=True)
    at = serializers.DateTimeField(read_only=True)


class TaskSerializer(TaskRowSerializer):
    """A whole task."""

    body = serializers.CharField(read_only=True)
    client = serializers.CharField(read_only=True)
    due_on = serializers.DateField(read_only=True, allow_null=True)
    requested_by = serializers.IntegerField(read_only=True, allow_null=True)
    started_at = serializers.DateTimeField(read_only=True, allow_null=True)
    result = serializers.CharField(read_only=True)
    error_code = serializers.CharField(read_only=True)
    error = serializers.CharField(read_only=True)
    criteria = serializers.ListField(child=serializers.DictField(), read_only=True)
    checks = serializers.ListField(child=serializers.DictField(), read_only=True)
    reasons = serializers.CharField(read_only=True)
    votes = serializers.IntegerField(read_only=True, allow_null=True)
    spread = serializers.IntegerField(read_only=True, allow_null=True)
    revisions = serializers.IntegerField(read_only=True)
    attempt = serializers.IntegerField(read_only=True)
    tokens = serializers.IntegerField(read_only=True)
    model = serializers.CharField(read_only=True)
    prompt_version = serializers.CharField(read_only=True)
    workflow = serializers.CharField(read_only=True)
    workflow_version = serializers.IntegerField(read_only=True, allow_null=True)
    revision = serializers.CharField(read_only=True)
    run_id = serializers.UUIDField(read_only=True, allow_null=True)
    review = ReviewSerializer(read_only=True, allow_null=True)
    attachments = AttachmentSerializer(many=True, read_only=True)
    events = EventSerializer(many=True, read_only=True)


class TaskPageSerializer(serializers.Serializer[Any]):
    """One page; ``next`` is the cursor of the following one or null."""

    results = TaskRowSerializer(many=True, read_only=True)
    next = serializers.CharField(read_only=True, allow_null=True)


class TaskTypeSerializer(serializers.Serializer[Any]):
    """A task type that may be asked for."""

    slug = serializers.CharField(read_only=True)
    name = serializers.CharField(read_only=True)
    description = serializers.CharField(read_only=True)
    target = serializers.IntegerField(read_only=True)
    max_revisions = serializers.IntegerField(read_only=True)
