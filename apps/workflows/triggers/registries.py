"""What other apps offer to triggers: a door for requests, and task types that a workflow may answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from apps.core.registry import Registry


@dataclass(frozen=True, kw_only=True)
class NewRequest:
    """A request a trigger brings. ``source`` is "schedule", "webhook", "email" or "workflow"; ``files`` are name and bytes.

    The same ``key`` again is the same request.
    """

    source: str
    task_type: str
    title: str
    body: str
    key: str
    priority: str = "normal"
    client: str = ""
    source_ref: Mapping[str, Any]
    files: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, kw_only=True)
class RequestDoor:
    """Takes requests as tasks. ``submit`` raises coded errors; ``bind`` has a type answered by a workflow (empty: as before).

    ``types`` lists the types of requests there are: slug and name.
    """

    name: str
    submit: Callable[[NewRequest], UUID]
    bind: Callable[[str, str], None]
    unbind: Callable[[str, str], None]
    types: Callable[[], list[tuple[str, str]]] = list


request_doors: Registry[RequestDoor] = Registry(
    name="workflows.request_doors", entry_type=RequestDoor, key=lambda door: door.name
)
TASKS = "tasks"
