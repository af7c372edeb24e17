"""Published workflows with triggers, for tests."""

from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from apps.workflows.core.definition import content_hash
from apps.workflows.models import Trigger, Workflow, WorkflowVersion
from apps.workflows.triggers import syncing

AT = datetime(2030, 5, 6, 9, tzinfo=UTC)
STEPS = {"a": {"type": "set", "with": {"values": {"ok": True}}, "next": None}}


def publish(*, slug: str = "watch", inputs: dict[str, Any] | None = None, **triggers: Any) -> Trigger:
    """Make a version with these triggers current; the first trigger's row comes back."""
    definition: dict[str, Any] = {"schema": 1, "start": "a", "steps": STEPS, "triggers": triggers}
    if inputs is not None:
        definition["inputs"] = inputs
    with transaction.atomic():
        workflow, _ = Workflow.objects.get_or_create(slug=slug, defaults={"name": slug.title()})
        last = WorkflowVersion.objects.filter(workflow=workflow).aggregate(last=Max("number"))["last"] or 0
        digest = content_hash({**definition, "number": last})
        version = WorkflowVersion.objects.create(
            workflow=workflow, number=last + 1, definition=definition, content_hash=digest
        )
        workflow.current = version
        workflow.save()
        syncing.sync(workflow, version)
    return Trigger.objects.select_related("workflow").get(workflow=workflow, slug=next(iter(triggers)))


def due_at(trigger: Trigger, moment: datetime) -> Trigger:
    """Let a schedule be due at a moment of the test's choice."""
    Trigger.objects.filter(pk=trigger.pk).update(next_at=moment)
    trigger.refresh_from_db()
    return trigger
