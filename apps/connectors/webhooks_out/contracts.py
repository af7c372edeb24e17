"""What other apps say to outgoing webhooks, and hear from them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.functional import Promise


@dataclass(frozen=True, kw_only=True)
class EventType:
    """A kind of event that may be told outside. ``schema`` is the JSON Schema of its ``data``."""

    type: str
    title: str | Promise
    group: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class NewEvent:
    """Something that happens in the caller's transaction. ``object_key`` ("run:<id>") names what it is about."""

    type: str
    object_key: str
    data: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class HeardEvent:
    """An event as a listener gets it."""

    uid: UUID
    type: str
    object_key: str
    data: Mapping[str, Any]
    occurred_at: datetime


@dataclass(frozen=True, kw_only=True)
class EventListener:
    """A part of the product that wants events. ``hear`` runs in the handing-on transaction and must be safe to run twice."""

    name: str
    hear: Callable[[HeardEvent], None]
