"""Single calls: pages of them by a cursor, one in detail, all of them as CSV."""

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from apps.ai.enums import CallState, Spending
from apps.ai.models import AICall
from apps.ai.usage.rolling import midnight
from apps.core.errors import InvalidInput, NotFound

PAGE = 50
CHUNK = 1000
SECOND_TRIES = ("retry", "fallback", "repair")
COLUMNS = (
    "created_at", "id", "model", "provider", "purpose", "role", "state", "error_code", "workflow", "task_type", "user_id",
    "run_id", "step_path", "prompt_tokens", "cached_tokens", "completion_tokens", "reasoning_tokens", "cost_micros",
    "charged_micros", "price_version", "latency_ms", "finish_reason", "prompt_version",
)  # fmt: skip
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def list_calls(
    *, first: date, last: date, chosen: Mapping[str, Any], state: str = "", cursor: str = ""
) -> tuple[list[AICall], str]:
    """A page of calls, newest first, and the cursor of the next one ("" at the end). One query.

    Raises ``InvalidInput`` for a cursor that is not ours.
    """
    calls = _filtered(first=first, last=last, chosen=chosen, state=state)
    if cursor:
        try:
            calls = calls.filter(pk__lt=UUID(cursor))
        except ValueError:
            raise InvalidInput(fields={"cursor": "Use the cursor of the previous page as it is."}) from None
    found = list(calls.order_by("-pk")[: PAGE + 1])
    return found[:PAGE], str(found[PAGE - 1].pk) if len(found) > PAGE else ""


def get_call(call_id: UUID) -> AICall:
    """One call with its reservation. Raises ``NotFound``."""
    found: AICall | None = AICall.objects.select_related("reservation").filter(pk=call_id).first()
    if found is None:
        raise NotFound(detail=f"call {call_id}")
    return found


def siblings_of(call: AICall) -> list[AICall]:
    """All requests made for the same answer, in order, the call itself among them."""
    return list(AICall.objects.filter(reservation_id=call.reservation_id).order_by("ordinal"))


def csv_lines(*, first: date, last: date, chosen: Mapping[str, Any], state: str = "") -> Iterator[bytes]:
    """All calls, oldest first, as CSV in pieces of up to a thousand lines; each piece is one query by key.

    Cells that a spreadsheet would take for a formula begin with an apostrophe. An unknown price is an empty cell.
    """
    yield ("\ufeff" + ",".join(COLUMNS) + "\r\n").encode()
    after: UUID | None = None
    calls = _filtered(first=first, last=last, chosen=chosen, state=state).order_by("pk")
    while True:
        page = list((calls.filter(pk__gt=after) if after else calls).values_list(*COLUMNS)[:CHUNK])
        if not page:
            return
        text = io.StringIO()
        csv.writer(text).writerows([[_cell(value) for value in row] for row in page])
        yield text.getvalue().encode()
        after = page[-1][1]


def _filtered(*, first: date, last: date, chosen: Mapping[str, Any], state: str) -> QuerySet[AICall]:
    """Calls of some days, narrowed."""
    narrowed = {name: value for name, value in chosen.items() if name in ("workflow", "model", "task_type", "user_id")}
    calls = AICall.objects.filter(
        created_at__gte=midnight(first), created_at__lt=midnight(last + timedelta(days=1)), **narrowed
    )
    spending = chosen.get("spending")
    if spending == Spending.RETRY:
        calls = calls.filter(role__in=SECOND_TRIES)
    elif spending:
        calls = calls.filter(~Q(role__in=SECOND_TRIES), purpose=spending)
    return calls.filter(state=state) if state in CallState.values else calls


def _cell(value: Any) -> str:
    text = "" if value is None else value.isoformat() if hasattr(value, "isoformat") else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text
