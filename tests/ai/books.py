"""Calls on record without a provider: what the usage pages read."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from apps.ai.models import AICall, Reservation

AT = datetime(2026, 11, 10, 12, tzinfo=UTC)


def add_call(*, at: datetime = AT, cost: int | None = 1500, **fields: Any) -> AICall:
    """One call with its settled reservation."""
    key = fields.pop("key", f"key-{uuid4()}")
    reservation = Reservation.objects.create(
        key=key, state="settled", amount_micros=9000, charged_micros=cost or 0, counter_ids=[]
    )
    values = {
        "purpose": "work", "role": "first", "state": "ok", "provider": "openai", "model": "gpt-4o", "ordinal": 0,
        "prompt_tokens": 100, "completion_tokens": 20, "latency_ms": 800, "workflow": "answer", "task_type": "drafting",
    } | fields  # fmt: skip
    charged = values.pop("charged_micros", 7000 if cost is None else cost)
    return AICall.objects.create(
        reservation=reservation, key=key, cost_micros=cost, charged_micros=charged, created_at=at, **values
    )
