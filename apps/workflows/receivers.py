"""What workflows hears from other apps."""

from typing import Any

from django.dispatch import receiver

from apps.dispatch.signals import WorkDied, work_died
from apps.workflows.conf import RUN_KIND
from apps.workflows.services.reconcile import give_up_run


@receiver(work_died)
def mark_run_of_dead_work(sender: type, event: WorkDied, **_: Any) -> None:
    """A run whose workers kept dying has failed."""
    if event.kind == RUN_KIND and event.tenant_id is not None:
        give_up_run(tenant_id=event.tenant_id, run_id=event.ref, code=event.error_code)
