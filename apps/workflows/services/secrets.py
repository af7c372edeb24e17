"""Secrets of a workspace: added, replaced and deleted by people, opened only for the moment of a call."""

import re
from collections.abc import Iterable
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.core.errors import InvalidInput
from apps.workflows.contracts import EffectFailed, SecretView
from apps.workflows.core.secrets import handles
from apps.workflows.core.taxonomy import FailureKind
from apps.workflows.errors import SecretExists, SecretInUse, UnknownSecret
from apps.workflows.models import Run, Secret, WorkflowVersion

NAME = re.compile(r"[a-z][a-z0-9_]{0,59}\Z")
MAX_VALUE = 10_000


def add_secret(*, name: str, value: str, note: str = "", user_id: int | None = None) -> SecretView:
    """Keep a value under a name; nobody can read it again. Raises ``InvalidInput`` (name, value, note), ``SecretExists``."""
    _check(name=name, value=value, note=note)
    try:
        with transaction.atomic():
            row = Secret.objects.create(name=name, value=value, note=note.strip(), created_by=user_id)
    except IntegrityError:
        raise SecretExists(fields={"name": _("This name is taken.")}) from None
    return get_secret(row.pk)


def replace_secret(secret_id: UUID, *, value: str) -> SecretView:
    """Put another value under the same name; calls that begin from now on use it. Raises ``UnknownSecret``, ``InvalidInput``."""
    _check(name="x", value=value, note="")
    with transaction.atomic():
        row = Secret.objects.select_for_update().filter(pk=secret_id).first()
        if row is None:
            raise UnknownSecret(detail=str(secret_id))
        row.value = value
        row.save(update_fields=["value"])
        Secret.objects.filter(pk=secret_id).update(replaced_at=Now())
    return get_secret(secret_id)


def delete_secret(secret_id: UUID) -> None:
    """Forget it. A second call changes nothing. Raises ``SecretInUse`` while a workflow or a live run names it."""
    with transaction.atomic():
        row = Secret.objects.select_for_update().filter(pk=secret_id).first()
        if row is None:
            return
        used = _users([row.name]).get(row.name, ())
        if used:
            raise SecretInUse(detail=row.name, fields={"name": ", ".join(used)})
        row.delete()


def list_secrets() -> list[SecretView]:
    """All secrets by name, without their values, with the workflows that use them. Two queries."""
    rows = list(Secret.objects.defer("value").order_by("name"))
    used = _users([row.name for row in rows])
    return [_view(row, used.get(row.name, ())) for row in rows]


def get_secret(secret_id: UUID) -> SecretView:
    """One secret without its value. Raises ``UnknownSecret``."""
    row = Secret.objects.defer("value").filter(pk=secret_id).first()
    if row is None:
        raise UnknownSecret(detail=str(secret_id))
    return _view(row, _users([row.name]).get(row.name, ()))


def open_secrets(names: Iterable[str]) -> dict[str, str]:
    """The values by name, to be used for one call and never stored: for a step's ``unlock`` only.

    Raises ``EffectFailed`` (``unknown_secret``) when one was deleted.
    """
    wanted = set(names)
    values = {row.name: row.value for row in Secret.objects.filter(name__in=wanted)} if wanted else {}
    for name in sorted(wanted - set(values)):
        raise EffectFailed(FailureKind.PERMANENT, "unknown_secret", f"There is no secret {name!r} any more.")
    return values


def _users(names: list[str]) -> dict[str, tuple[str, ...]]:
    """Names of the workflows whose current version, or the version of a live run, names each secret."""
    if not names:
        return {}
    live = Run.objects.filter(version_id=OuterRef("pk"), finished_at__isnull=True)
    rows = WorkflowVersion.objects.filter(
        Q(workflow__current_id=F("pk"), workflow__archived_at__isnull=True) | Exists(live),
        definition__steps__isnull=False,
    ).extra(where=["definition::text LIKE '%%$secret%%'"])
    found: dict[str, set[str]] = {}
    for steps, title in rows.values_list("definition__steps", "workflow__name"):
        for body in steps.values():
            for _path, name in handles(body.get("with", {})):
                found.setdefault(name, set()).add(title)
    return {name: tuple(sorted(found[name])) for name in names if name in found}


def _view(row: Secret, used: tuple[str, ...]) -> SecretView:
    return SecretView(
        id=row.pk,
        name=row.name,
        note=row.note,
        created_by=row.created_by,
        created_at=row.created_at,
        replaced_at=row.replaced_at,
        used_by=used,
    )


def _check(*, name: str, value: str, note: str) -> None:
    wrong = {}
    if not NAME.match(name):
        wrong["name"] = _("Small letters, digits and underscores, beginning with a letter, at most 60.")
    if not 1 <= len(value) <= MAX_VALUE or "\x00" in value:
        wrong["value"] = _("1 to 10,000 characters.")
    if len(note) > 200 or "\x00" in note:
        wrong["note"] = _("At most 200 characters.")
    if wrong:
        raise InvalidInput(fields=wrong)
