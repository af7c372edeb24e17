"""What other apps may tell the gateway."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from apps.core.registry import Registry


@dataclass(frozen=True, kw_only=True)
class ReservationOwner:
    """Knows whether the effect behind a reservation key may still be settled, so that the sweep does not give its money back.

    ``is_under_way(key)`` runs in the tenant's context inside a transaction and answers False for keys it does not know.
    """

    name: str
    is_under_way: Callable[[str], bool]


reservation_owners: Registry[ReservationOwner] = Registry(name="reservation_owners", entry_type=ReservationOwner,
                                                          key=lambda owner: owner.name)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class OutcomeSource:
    """Counts what model calls were made for. ``passed(since, until)`` is the number of results delivered in that time, by kind
    of task; it runs in the tenant's context with one query."""

    name: str
    passed: Callable[[datetime, datetime], Mapping[str, int]]


@dataclass(frozen=True, kw_only=True)
class CallTexts:
    """Knows what was asked and answered in a call. ``read(key, run_id)`` returns prompt messages as (role, text) and the answer,
    or None for calls it does not know; the gateway itself keeps no texts."""

    name: str
    read: Callable[[str, UUID | None], tuple[list[tuple[str, str]], str] | None]


@dataclass(frozen=True, kw_only=True)
class PromptUse:
    """Something that names a prompt. ``reference`` as it stands there: ``slug`` or ``slug@number``."""

    reference: str
    title: str
    address: str


@dataclass(frozen=True, kw_only=True)
class PromptUsers:
    """Knows what names prompts. ``uses(slugs)`` gives, for each of these slugs that is named at all, where; it runs in the
    tenant's context with one query."""

    name: str
    uses: Callable[[Collection[str]], Mapping[str, Sequence[PromptUse]]]


outcome_sources: Registry[OutcomeSource] = Registry(name="outcome_sources", entry_type=OutcomeSource,
                                                    key=lambda source: source.name)  # fmt: skip
call_texts: Registry[CallTexts] = Registry(name="call_texts", entry_type=CallTexts, key=lambda source: source.name)
prompt_users: Registry[PromptUsers] = Registry(
    name="prompt_users", entry_type=PromptUsers, key=lambda users: users.name
)
