"""The two Celery tasks of the platform: hints without content. Losing or doubling them changes when work starts, never whether."""

from celery import shared_task

from apps.dispatch import process
from apps.dispatch.bell import ring_local
from apps.dispatch.wakeups import WAKE_TASK


@shared_task(name=WAKE_TASK, ignore_result=True)
def wake() -> None:
    """There is new work: look now."""
    ring_local()


@shared_task(name="dispatch.tick", ignore_result=True)
def tick() -> None:
    """The metronome: sweep, fire schedules, look for work."""
    process.tick_local()
