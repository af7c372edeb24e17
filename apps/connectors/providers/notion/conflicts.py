"""Cells both sides changed: recorded, shown at the row, ended by a person's choice or by agreement."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.connectors import selectors
from apps.connectors.clock import Clock
from apps.connectors.contracts import ConflictView
from apps.connectors.enums import ConflictState, SyncState
from apps.connectors.models import NotionConflict, NotionPage, NotionPush
from apps.connectors.providers.notion import codec, outbox, wishes
from apps.connectors.providers.notion.merge import Clash, add_wish
from apps.connectors.providers.notion.specs import DatabaseSpec
from apps.connectors.registries import notion_databases
from apps.core.errors import Conflict, InvalidInput, NotFound

Json = Any
SHOWN = 120
UNDO_FOR = timedelta(hours=1)
CHOICES = {"ours": ConflictState.KEPT_OURS, "theirs": ConflictState.KEPT_THEIRS}


def record(page: NotionPage, clashes: Iterable[Clash], *, agreed: Iterable[str], clock: Clock) -> None:
    """Open or refresh a conflict per clash, close those both sides agree on again. The page is locked."""
    now = clock.now()
    page.conflicts.filter(state=ConflictState.OPEN, property__in=list(agreed)).update(
        state=ConflictState.OBSOLETE, resolved_at=now
    )
    for clash in clashes:
        NotionConflict.objects.update_or_create(
            page=page, property=clash.property, state=ConflictState.OPEN,
            defaults={"ours": clash.ours, "theirs": clash.theirs, "base": clash.base},
        )  # fmt: skip


def wish_note(page: NotionPage, push: NotionPush, *, spec: DatabaseSpec) -> None:
    """Say at the row what is in conflict; the text goes out with the next exchange. Both rows are locked."""
    lines = [f"“{row.property}”: kept as it is here; EchoPilot has {_show(row.ours)}."
             for row in page.conflicts.filter(state=ConflictState.OPEN).order_by("property")]  # fmt: skip
    note = wishes.normalise(spec.columns[spec.note], "\n".join(lines))
    if page.seen.get(spec.note, "") != note:
        push.wishes = add_wish(push.wishes, spec.note, note, base=page.seen.get(spec.note, ""))
        push.revision += 1
    elif spec.note in push.wishes and push.wishes[spec.note]["value"] != note:
        del push.wishes[spec.note]


def resolve(*, conflict_id: UUID, choice: str, user_id: int | None = None) -> ConflictView:
    """See the facade."""
    if choice not in CHOICES:
        raise InvalidInput(fields={"choice": "ours or theirs"})
    page_pk = NotionConflict.objects.filter(pk=conflict_id).values_list("page_id", flat=True).first()
    if page_pk is None:
        raise NotFound(detail=f"conflict {conflict_id}")
    with transaction.atomic():
        page = NotionPage.objects.select_for_update(of=("self",)).select_related("database").get(pk=page_pk)
        row = NotionConflict.objects.select_for_update().get(pk=conflict_id)
        if row.state == ConflictState.OPEN:
            row.state, row.resolved_at, row.resolved_by = CHOICES[choice], timezone.now(), user_id
            row.save()
            _carry_out(page, row, ours=choice == "ours")
    return selectors.view_conflict(NotionConflict.objects.select_related("page__database").get(pk=conflict_id))


def reverse(*, conflict_id: UUID, user_id: int | None = None) -> ConflictView:
    """See the facade."""
    page_pk = NotionConflict.objects.filter(pk=conflict_id).values_list("page_id", flat=True).first()
    if page_pk is None:
        raise NotFound(detail=f"conflict {conflict_id}")
    with transaction.atomic():
        page = NotionPage.objects.select_for_update(of=("self",)).select_related("database").get(pk=page_pk)
        row = NotionConflict.objects.select_for_update().get(pk=conflict_id)
        if not is_reversible(row.state, row.resolved_at):
            raise Conflict(_("This decision can no longer be undone. Change the cell in Notion instead."))
        kept_ours = row.state == ConflictState.KEPT_OURS
        value, other = (row.theirs, row.ours) if kept_ours else (row.ours, row.theirs)
        row.state = ConflictState.KEPT_THEIRS if kept_ours else ConflictState.KEPT_OURS
        row.resolved_at, row.resolved_by = timezone.now(), user_id
        row.save()
        push = NotionPush.objects.filter(page=page).order_by("created_at").first()
        if push is not None:
            outbox.upsert(database_key=page.database.key, local_ref=push.local_ref, values={row.property: value},
                          page_id=page.page_id, based_on={row.property: other})  # fmt: skip
    return selectors.view_conflict(NotionConflict.objects.select_related("page__database").get(pk=conflict_id))


def is_reversible(state: str, resolved_at: datetime | None) -> bool:
    """Whether a decision is recent enough to be undone."""
    decided = state in (ConflictState.KEPT_OURS, ConflictState.KEPT_THEIRS)
    return decided and resolved_at is not None and timezone.now() - resolved_at < UNDO_FOR


def _carry_out(page: NotionPage, row: NotionConflict, *, ours: bool) -> None:
    key, spec = page.database.key, notion_databases.get(page.database.key)
    if not ours:
        page.seen[row.property] = row.theirs
        page.fingerprint = codec.fingerprint(spec, page.seen)
        page.save(update_fields=["seen", "fingerprint"])
    push = (
        NotionPush.objects.filter(page=page, local_ref=page.local_ref).first()
        or NotionPush.objects.filter(page=page).first()
    )
    if ours and push is not None:
        outbox.upsert(database_key=key, local_ref=push.local_ref, values={row.property: row.ours}, page_id=page.page_id,
                      based_on={row.property: row.theirs})  # fmt: skip
    elif push is not None:
        with transaction.atomic():
            locked = NotionPush.objects.select_for_update().get(pk=push.pk)
            if spec.note:
                wish_note(page, locked, spec=spec)
            page.sync = (
                SyncState.CONFLICT if page.conflicts.filter(state=ConflictState.OPEN).exists() else SyncState.IN_STEP
            )
            locked.state = SyncState.PENDING if locked.wishes else page.sync
            page.save(update_fields=["sync"])
            locked.save()
            if locked.wishes:
                outbox.queue(locked.pk)


def _show(value: Json) -> str:
    text = "nothing" if value in (None, "", []) else str(value)
    return f"“{text[:SHOWN]}…”" if len(text) > SHOWN else f"“{text}”"
