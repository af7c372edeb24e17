"""Where outside services reach a trigger."""

from django.urls import reverse

from apps.workflows.models import Trigger
from apps.workflows.triggers.enums import TriggerKind

DOORS = {TriggerKind.WEBHOOK: "trigger_doors:webhook", TriggerKind.EMAIL: "trigger_doors:mail"}


def address_of(row: Trigger) -> str:
    """The path of its door, empty for a trigger nobody calls."""
    kind = TriggerKind(row.kind)
    return reverse(DOORS[kind], args=[row.address_key]) if kind in DOORS else ""
