"""Secrets of a workspace: added, replaced and deleted by people, opened only for the moment of a call.

Every act is written to ``SecretChange`` in the same transaction. Whoever makes a version current locks the secrets it names, as
deleting does, so that a version and the end of what it needs cannot pass each other.
"""

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext_lazy as _

from apps.core.crypto import DecryptionFailed
from apps.core.errors import InvalidInput
from apps.workflows.contracts import EffectFailed, SecretChangeView, SecretUse, SecretView
from apps.workflows.core.secrets import names_in
from apps.workflows.core.taxonomy import FailureKind
from apps.workflows.enums import SecretChangeKind
from apps.workflows.errors import SecretExists, SecretInUse, SecretMissing, TooManySecrets, UnknownSecret
from apps.workflows.models import Run, Secret, SecretChange, WorkflowDraft, WorkflowVersion

NAME = re.compile(r"[a-z][a-z0-9_]{0,59}\Z")
# Shorter values could not be told apart from other text when answers are searched for them.
MIN_VALUE, MAX_VALUE = 8, 10_000
MOST = 500
MARKED_EVERY = timedelta(minutes=1)


def add_secret(*, name: str, value: str, note: str = "", user_id: int | None = None) -> SecretView:
    """Keep a value under a name; nobody can read it again. Raises ``InvalidInput`` (name, value, note), ``SecretExists``."""
    _check(name=name, value=value, note=note)
    if Secret.objects.count() >= MOST:
        raise TooManySecrets
    try:
        with transaction.atomic():
            row = Secret.objects.create(name=name, value=value, note=note.strip(), created_by=user_id)
            _record(name, SecretChangeKind.ADDED, user_id)
    except IntegrityError:
        raise SecretExists(fields={"name": _("This name is taken.")}) from None
    return get_secret(row.pk)


def replace_secret(secret_id: UUID, *, value: str, note: str | None = None, user_id: int | None = None) -> SecretView:
    """Put another value under the same name; calls that begin from now on use it, those under way keep the old one.

    ``note`` None keeps the note. Raises ``UnknownSecret``, ``InvalidInput`` (value, note).
    """
    _check(name="x", value=value, note=note or "")
    with transaction.atomic():
        row = _locked(secret_id)
        if row is None:
            raise UnknownSecret(detail=str(secret_id))
        row.value = value
        row.note = row.note if note is None else note.strip()
        row.save(update_fields=["value", "note"])
        Secret.objects.filter(pk=secret_id).update(replaced_at=Now(), replaced_by=user_id)
        _record(row.name, SecretChangeKind.REPLACED, user_id)
    return get_secret(secret_id)


def delete_secret(secret_id: UUID, *, user_id: int | None = None) -> str:
    """Forget it; returns its name, "" when it was gone already. Raises ``SecretInUse`` while a workflow's current version or a
    live run's names it; drafts do not hold it."""
    with transaction.atomic():
        row = _locked(secret_id)
        if row is None:
            return ""
        used = [use.workflow for use in _uses([row.name]).get(row.name, ()) if use.holds]
        if used:
            raise SecretInUse(detail=row.name, fields={"name": ", ".join(used)})
        row.delete()
        _record(row.name, SecretChangeKind.DELETED, user_id)
        return row.name


def hold_secrets(definition: Any) -> None:
    """Keep what a definition names from being deleted until the caller's transaction ends. Raises ``SecretMissing`` for what is
    gone already."""
    wanted = names_in(definition)
    if wanted:
        rows = Secret.objects.filter(name__in=wanted).order_by("pk").select_for_update()
        missing = wanted - set(rows.values_list("name", flat=True))
        if missing:
            raise SecretMissing(names=", ".join(sorted(missing)))


def list_secrets() -> list[SecretView]:
    """All secrets by name, without their values, with where they are used. Three queries."""
    rows = list(Secret.objects.defer("value").order_by("name"))
    uses = _uses([row.name for row in rows])
    return [_view(row, uses.get(row.name, ())) for row in rows]


def get_secret(secret_id: UUID) -> SecretView:
    """One secret without its value. Raises ``UnknownSecret``."""
    row = Secret.objects.defer("value").filter(pk=secret_id).first()
    if row is None:
        raise UnknownSecret(detail=str(secret_id))
    return _view(row, _uses([row.name]).get(row.name, ()))


def list_secret_changes(*, limit: int = 50) -> list[SecretChangeView]:
    """Who did what to which secret, newest first, deleted ones included."""
    rows = SecretChange.objects.order_by("-at", "-id")[: max(1, min(limit, 500))]
    return [SecretChangeView(name=row.name, kind=row.kind, user_id=row.user_id, at=row.at) for row in rows]


def open_secrets(names: Iterable[str]) -> dict[str, str]:
    """The values by name, to be used for one call and never stored: for a step's ``unlock`` only.

    Raises ``EffectFailed`` (``unknown_secret``) when one was deleted.
    """
    wanted = set(names)
    rows = list(Secret.objects.filter(name__in=wanted)) if wanted else []
    values = {row.name: row.value for row in rows}
    for name in sorted(wanted - set(values)):
        raise EffectFailed(FailureKind.PERMANENT, "unknown_secret", f"There is no secret {name!r} any more.")
    _mark_used([row.pk for row in rows])
    return values


def known_values(names: Iterable[str]) -> dict[str, str]:
    """Values by name for finding them in answers; what is gone or does not open any more is left out."""
    wanted = set(names)
    found: dict[str, str] = {}
    for row in Secret.objects.filter(name__in=wanted) if wanted else ():
        try:
            found[row.name] = row.value
        except DecryptionFailed:
            continue
    return found


def _locked(secret_id: UUID) -> Secret | None:
    return Secret.objects.select_for_update().filter(pk=secret_id).first()


def _mark_used(ids: list[UUID]) -> None:
    """To the minute, and never waiting for another worker: who does not get the row leaves the mark to whoever holds it."""
    stale = Q(used_at__isnull=True) | Q(used_at__lt=Now() - MARKED_EVERY)
    free = Secret.objects.filter(stale, pk__in=ids).order_by("pk").select_for_update(skip_locked=True)
    if ids and (mine := list(free.values_list("pk", flat=True))):
        Secret.objects.filter(pk__in=mine).update(used_at=Now())


def _record(name: str, kind: SecretChangeKind, user_id: int | None) -> None:
    SecretChange.objects.create(name=name, kind=kind, user_id=user_id)


def _uses(names: list[str]) -> dict[str, tuple[SecretUse, ...]]:
    """Where each secret is named: current versions, versions of live runs, drafts. Two queries."""
    if not names:
        return {}
    found: dict[tuple[str, str], dict[str, Any]] = {}

    def note(definition: Any, slug: str, title: str, **facts: Any) -> None:
        for name in names_in(definition):
            use = found.setdefault(
                (name, slug), {"workflow": title, "published": False, "draft": False, "live_runs": 0}
            )
            use["published"] |= facts.get("published", False)
            use["draft"] |= facts.get("draft", False)
            use["live_runs"] += facts.get("live_runs", 0)

    for row in _versions_in_force():
        note(
            row["definition"],
            row["workflow__slug"],
            row["workflow__name"],
            published=row["is_current"],
            live_runs=row["live"],
        )
    drafts = WorkflowDraft.objects.filter(workflow__archived_at__isnull=True).extra(
        where=["document::text LIKE '%%$secret%%'"]
    )
    for document, slug, title in drafts.values_list("document", "workflow__slug", "workflow__name"):
        note(document, slug, title, draft=True)
    grouped: dict[str, list[SecretUse]] = {}
    for (name, slug), facts in sorted(found.items()):
        if name in names:
            grouped.setdefault(name, []).append(SecretUse(slug=slug, **facts))
    return {name: tuple(uses) for name, uses in grouped.items()}


def _versions_in_force() -> Iterable[dict[str, Any]]:
    live = Run.objects.filter(version_id=OuterRef("pk"), finished_at__isnull=True, what_if_id__isnull=True)
    counted = live.order_by().values("version_id").annotate(n=Count("pk")).values("n")
    rows = WorkflowVersion.objects.extra(where=["definition::text LIKE '%%$secret%%'"]).annotate(
        live=Coalesce(Subquery(counted), 0),
        is_current=Q(workflow__current_id=F("pk"), workflow__archived_at__isnull=True),
    )
    in_force = rows.filter(Q(is_current=True) | Q(live__gt=0))
    return list(in_force.values("definition", "workflow__slug", "workflow__name", "is_current", "live"))


def _view(row: Secret, uses: tuple[SecretUse, ...]) -> SecretView:
    return SecretView(
        id=row.pk,
        name=row.name,
        note=row.note,
        created_by=row.created_by,
        created_at=row.created_at,
        replaced_at=row.replaced_at,
        replaced_by=row.replaced_by,
        used_at=row.used_at,
        uses=uses,
    )


def _check(*, name: str, value: str, note: str) -> None:
    wrong = {}
    if not NAME.match(name):
        wrong["name"] = _("Small letters, digits and underscores, beginning with a letter, at most 60.")
    if len(value.strip()) < MIN_VALUE or len(value) > MAX_VALUE or not _is_text(value):
        wrong["value"] = _("8 to 10,000 characters.")
    if len(note) > 200 or not _is_text(note):
        wrong["note"] = _("At most 200 characters.")
    if wrong:
        raise InvalidInput(fields=wrong)


def _is_text(value: str) -> bool:
    """Whether the database can store it: no NUL, no lone surrogates."""
    return "\x00" not in value and not any("\ud800" <= character <= "\udfff" for character in value)
