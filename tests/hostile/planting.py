"""Puts texts into every text column of every table of the product, whatever door they came by.

Columns are found in the models. Left alone is only what pages find rows by (slugs, hashes, ids, states) and what nobody may read.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, connection, models, transaction
from django.utils import timezone

from apps.core.fields import EncryptedTextField
from tests.hostile.payloads import PAYLOADS, swallows

Json = Any
TAG = "f{}~"
LONGEST, ROWS = 2_500, 40
# Names by which rows are found, said by the product itself; and the address people sign in with.
KEPT = re.compile(
    r"(^|_)(slug|hash|id|ids|key|ref|path|token|sha256|schema_name|fingerprint|password|jti|kind|domain|verifier|dedupe|email|sql|queue|epoch"
    r"|currency|language|time_zone|connector|template|place|purpose|role|scope|subject|subscriber|media_type|quality|remedy|public_key|endpoint"
    r"|occasion|outcome|period|revision|selection|cursor|patches|histogram|hold_types|limits|prices|cols|columns|users|roles|escalate_to)$"
)
# Columns whose words the product itself chooses from a list in its code although the column names none.
CHOSEN = {"workflows.StepRun.type", "workflows.Approval.type", "workflows.Effect.type", "workflows.Suggestion.origin", "tasks.Task.workflow",
          "workflows.TemplateInstallation.workflow", "workflows.Suggestion.workflow", "workflows.Trial.state", "workflows.StepRun.step_id",
          "workflows.Approval.risk_class", "workflows.Effect.risk_class", "workflows.Proposal.risk_class", "tasks.ConversationTurn.wording",
          "workflows.StepSample.step_id", "workflows.StepDay.step_id", "workflows.AllowRule.types", "connectors.WebhookEndpoint.types"}  # fmt: skip
# Keys whose values give a document its form.
FORM = {"schema", "start", "type", "next", "then", "else", "on_error", "op", "$ref", "$text", "$expr", "kind", "id", "state", "body", "verify",
        "name", "format", "pattern", "severity", "step", "step_id", "code"}  # fmt: skip
DEFINITIONS = {"definition", "document"}


@dataclass
class Column:
    """One text column, and which payloads went into it so far."""

    number: int
    model: type[models.Model]
    field: models.Field  # type: ignore[type-arg]
    room: int
    next: int = 0
    planted: set[int] = field(default_factory=set)
    refused: str = ""

    @property
    def name(self) -> str:
        return f"{self.model._meta.label}.{self.field.name}"

    def text(self) -> str:
        """As many further payloads as fit, behind the column's tag."""
        text, last = TAG.format(self.number), ""
        for _try in range(len(PAYLOADS)):
            number = self.next % len(PAYLOADS)
            if len(text) + len(PAYLOADS[number]) + len(last) + 2 > self.room:
                if text != TAG.format(self.number):
                    break
            elif swallows(number) and last:
                break
            else:
                self.planted.add(number)
                if swallows(number):
                    last = PAYLOADS[number]
                else:
                    text += PAYLOADS[number] + " "
            self.next += 1
        return (text + last).rstrip(" ")


def columns() -> list[Column]:
    """Every column of the product that can hold words."""
    found: list[Column] = []
    for model in sorted(_models(), key=lambda one: one._meta.label):
        for one in model._meta.concrete_fields:
            if not isinstance(one, models.CharField | models.TextField | models.JSONField) or isinstance(
                one, EncryptedTextField
            ):
                continue
            name = f"{model._meta.label}.{one.name}"
            if (
                one.choices
                or one.primary_key
                or KEPT.search(one.name)
                or name in CHOSEN
                or isinstance(one, models.SlugField | models.EmailField)
            ):
                continue
            room = min(one.max_length or LONGEST, 150 if one.name in DEFINITIONS else LONGEST)
            if room >= 20:  # nothing harmful fits into less
                found.append(
                    Column(number=len(found), model=model, field=one, room=room, next=7 * len(found) % len(PAYLOADS))
                )
    return found


def fill_empty_tables() -> list[str]:
    """One row in each table that has none, as far as its constraints let somebody invent one. Returns the tables left empty."""
    waiting = [model for model in _models() if not model._base_manager.exists()]
    for _round in range(3):  # what a row points to may have been invented in the round before
        waiting = [model for model in waiting if not _invented(model)]
    return [model._meta.label for model in waiting]


def plant(found: list[Column]) -> None:
    """The next texts, another one in each row. Guards of history are off: what stands there once came in through a door."""
    for column in found:
        documents = _documents(column)
        if documents is not None:
            _plant_json(column, column.text(), documents)
            continue
        before, table = set(column.planted), _table(column.model)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {table}")
            rows = min(cursor.fetchone()[0], ROWS)
        texts = [column.text() for _row in range(rows)]
        each = "(%s::text[])[1 + (row_number() OVER () - 1) %% %s] AS new, ctid AS place"
        many = (
            f'SET "{column.field.column}" = new FROM (SELECT {each} FROM {table}) told WHERE {table}.ctid = told.place'
        )
        if not texts or not _write(column, many, texts, len(texts)):
            column.planted = before


def _models() -> list[type[models.Model]]:
    return [
        model
        for model in apps.get_models()
        if model.__module__.startswith("apps.") and model._meta.managed and not model._meta.proxy
    ]


def _table(model: type[models.Model]) -> str:
    shared = not any(model.__module__.startswith(f"{name}.") for name in settings.TENANT_APPS)
    return f'public."{model._meta.db_table}"' if shared else f'"{model._meta.db_table}"'


def _write(column: Column, change: str, *arguments: object) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(f"UPDATE {_table(column.model)} {change}", arguments)
    except DatabaseError as error:
        column.refused = str(error).split("\n")[0]
        return False
    return True


def _documents(column: Column) -> list[str | None] | None:
    """The distinct documents of a column that holds JSON, as JSON or as text; None for a column of words."""
    name = column.field.column
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT DISTINCT "{name}"::text FROM {_table(column.model)} LIMIT 200')
        values = [row[0] for row in cursor.fetchall()]
    is_json = isinstance(column.field, models.JSONField) or any(value and value.startswith("{") for value in values)
    return values if is_json else None


def _plant_json(column: Column, text: str, documents: list[str | None]) -> None:
    """Null stays null, for it says that a thing has not happened; unless there is nothing else."""
    name, done = column.field.column, 0
    for before in documents:
        if before is None and len(documents) > 1:
            continue
        if column.field.name in DEFINITIONS:
            new = _definition(text)
        elif before is None and column.field.name == "error":
            new = {"code": "timeout", "message": text, "path": "a"}
        else:
            new = _hostile(json.loads(before or "{}"), text)
        done += _write(
            column, f'SET "{name}" = %s WHERE "{name}"::text IS NOT DISTINCT FROM %s', json.dumps(new), before
        )
    if not done:
        column.planted.clear()


def _hostile(value: Json, text: str) -> Json:
    """The same form with hostile words; an empty object gets one under a hostile name."""
    if isinstance(value, dict):
        if not value:
            return {"text": text, text[:200]: [text]}
        return {
            name: one if name in FORM and isinstance(one, str) else _hostile(one, text) for name, one in value.items()
        }
    if isinstance(value, list):
        return [_hostile(one, text) for one in value]
    return text if isinstance(value, str) else value


def _definition(text: str) -> Json:
    """A workflow in which everything people name is hostile."""
    condition = {"op": "eq", "left": {"$ref": "inputs.total"}, "right": text}
    return {
        "schema": 1, "start": "ask",
        "inputs": {"type": "object", "properties": {"total": {"type": "string", "title": text, "description": text, "default": text}}},
        "steps": {
            "ask": {"type": "set", "title": text, "note": text, "with": {"v": text, "w": {"$text": f"{text} {{{{inputs.total}}}}"}}, "next": "choose"},
            "choose": {"type": "switch", "title": text, "cases": [{"when": condition, "next": "mail", "title": text}], "default": "say"},
            "mail": {"type": "email.send", "title": text, "note": text, "with": {"to": [text], "subject": text, "body": text}, "next": "say"},
            "say": {"type": "log", "note": text, "with": {"message": text}},
        },
    }  # fmt: skip


def _invented(model: type[models.Model]) -> bool:
    """Whether a row of invented values was accepted, whatever else the model asks for."""
    try:
        with transaction.atomic():
            row = model(**{one.attname: _value(one) for one in model._meta.concrete_fields
                           if not one.has_default() and not one.null and not isinstance(one, models.AutoField)
                           and not getattr(one, "auto_now", False) and not getattr(one, "auto_now_add", False)})  # fmt: skip
            row.save(force_insert=True)
    except Exception:
        return False
    return True


def _value(one: models.Field) -> object:  # type: ignore[type-arg]
    if isinstance(one, models.ForeignKey):
        return one.related_model._base_manager.values_list("pk", flat=True)[0]
    if one.choices:
        return next(iter(one.choices))[0]
    if isinstance(one, models.DateTimeField):
        return timezone.now()
    if isinstance(one, models.DateField):
        return timezone.now().date()
    if isinstance(one, models.UUIDField):
        from uuid import uuid4

        return uuid4()
    if isinstance(one, models.JSONField):
        return {}
    return 1 if isinstance(one, models.IntegerField) else "x"
