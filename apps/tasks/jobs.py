"""What dispatch runs for this app: thin entry points, one service call each, safe to run twice."""

from apps.dispatch.contracts import JobContext
from apps.tasks.notion import boards
from apps.tasks.services import defaults, holding, metrics, sweeping

SWEEP = "tasks.sweep"
METRICS = "tasks.roll_up_metrics"
HEARTBEAT = "tasks.notion_heartbeat"
INSTALL = "tasks.install_defaults"
APPLY = holding.APPLY


def sweep(job: JobContext) -> None:
    """Catch up with what hints missed."""
    sweeping.catch_up()


def roll_up_metrics(job: JobContext) -> None:
    """Store the figures of the last days."""
    metrics.roll_up_recent()


def notion_heartbeat(job: JobContext) -> None:
    """Bring the status board and the operations monitor in Notion up to date."""
    boards.heartbeat()


def install_defaults(job: JobContext) -> None:
    """Put task types and the built-in workflow in place."""
    defaults.install()


def apply_decision(job: JobContext) -> None:
    """Let a person's decision take effect once it can no longer be taken back."""
    holding.HELD.apply(job.work.ref)
