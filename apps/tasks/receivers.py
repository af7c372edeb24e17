"""What happens elsewhere and matters to tasks. Hints only: the sweep catches up with whatever is missed here."""

from typing import Any

from django.dispatch import receiver

from apps.core.errors import PlatformError
from apps.dispatch import facade as dispatch
from apps.dispatch.contracts import NewWork
from apps.live import facade as live_updates
from apps.tasks import jobs
from apps.tasks.services import defaults, settling
from apps.tasks.signals import TaskChanged, task_changed
from apps.tenants.facade import tenant_context
from apps.tenants.signals import TenantProvisioned, tenant_provisioned
from apps.workflows.signals import RunFinished, run_finished


@receiver(run_finished, dispatch_uid="tasks.run_finished")
def settle_finished_run(sender: Any, event: RunFinished, **_rest: Any) -> None:
    """Book the run's cost and close its task."""
    if event.subject_kind != "task" or event.tenant_id is None:
        return
    with tenant_context(event.tenant_id):
        settling.settle_run(task_id=event.subject_id, run_id=event.run_id)


@receiver(tenant_provisioned, dispatch_uid="tasks.tenant_provisioned")
def install_for_new_tenant(sender: Any, event: TenantProvisioned, **_rest: Any) -> None:
    """Put task types and the built-in workflow in place; by the queue when that is not possible right here."""
    if event.tenant_id is None:
        return
    try:
        with tenant_context(event.tenant_id):
            defaults.install()
    except PlatformError:
        dispatch.enqueue(
            tenant_id=event.tenant_id, work=NewWork(kind=jobs.INSTALL, ref="defaults", dedupe_key="defaults")
        )


@receiver(task_changed, dispatch_uid="tasks.live")
def tell_open_pages(sender: Any, event: TaskChanged, **_rest: Any) -> None:
    """Pages that show the task, a list of tasks or the inbox look again."""
    if event.tenant_id is not None:
        live_updates.changed(tenant_id=event.tenant_id, topics=["tasks", f"task:{event.task_id}"])
