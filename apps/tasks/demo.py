"""Example requests a newcomer can follow from asking to answer: small enough for the bundled model."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from apps.tasks.enums import TaskSource
from apps.tasks.services import defaults, submitting


@dataclass(frozen=True, kw_only=True)
class DemoRow:
    """One example: what a person would type into a row or the form. ``expect`` says what a newcomer should see happen."""

    key: str
    title: str
    body: str
    task_type: str
    type_name: str
    client: str
    priority: str
    qa_target: int | None
    expect: str


@cache
def demo_rows() -> tuple[DemoRow, ...]:
    """The examples, in order; also what the Notion sandbox is filled with."""
    rows = json.loads(files("apps.tasks").joinpath("data", "demo.json").read_text("utf-8"))
    return tuple(DemoRow(**row) for row in rows)


def seed_demo(*, limit: int | None = None, requested_by: int | None = None) -> int:
    """Install the defaults and submit the examples of the current tenant. Safe to repeat. Returns how many there are."""
    defaults.install()
    rows = demo_rows()[:limit]
    for row in rows:
        submitting.submit_task(
            source=TaskSource.DEMO,
            title=row.title,
            body=row.body,
            task_type=row.task_type,
            priority=row.priority,
            client=row.client,
            qa_target=row.qa_target,
            requested_by=requested_by,
            idempotency_key=f"demo:{row.key}",
        )
    return len(rows)
