"""Model fields of the kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from django.apps import apps
from django.conf import settings
from django.core import checks
from django.core.exceptions import FieldError
from django.db import models
from django.db.models.query_utils import DeferredAttribute

from apps.core import crypto
from apps.core.database import PUBLIC_SCHEMA, current_schema
from apps.core.errors import Misconfigured
from apps.core.redaction import SecretText, remember_secret

if TYPE_CHECKING:
    _TextField = models.TextField[str, str]
else:
    _TextField = models.TextField


class StoredToken(str):  # noqa: SLOT000 - str subclasses with slots cannot be pickled with their state
    """A token as it came from the database, with the schema it was read from."""

    schema: str = ""

    def __repr__(self) -> str:
        return "<encrypted>"


class _PreparedToken(str):
    """A token that was made for one row and may be written."""

    __slots__ = ()


class _Attribute(DeferredAttribute):
    """Opens the token when the attribute is read, because only then the row it belongs to is known."""

    field: EncryptedTextField

    def __get__(self, instance: models.Model | None, cls: Any = None) -> Any:
        value = super().__get__(instance, cls)
        if instance is not None and isinstance(value, StoredToken):
            value = crypto.decrypt(value, context=self.field.context_of(instance, schema=value.schema))
            instance.__dict__[self.field.attname] = value
        elif instance is not None and type(value) is str and value:
            value = instance.__dict__[self.field.attname] = SecretText(value)
        return value

    def __set__(self, instance: models.Model, value: Any) -> None:
        instance.__dict__[self.field.attname] = value


class EncryptedTextField(_TextField):
    """Text stored as an AES-256-GCM token bound to schema, table, column and primary key.

    Reads give a ``SecretText`` (masked in ``repr`` and logs); a token copied from another row, column or tenant raises
    ``DecryptionFailed`` when it is read. The primary key must exist before the first save, so use a UUID key.
    ``QuerySet.update``, ``bulk_update`` and lookups other than ``isnull`` are refused: they do not know the row.
    Null and the empty text are stored as they are.
    """

    descriptor_class = _Attribute

    def context_of(self, instance: models.Model, *, schema: str = "") -> str:
        """Associated data of one row: ``schema/table/column/pk``."""
        if instance.pk is None:
            raise Misconfigured(
                f"{self.model.__name__}.{self.name} is encrypted for its row, and this row has no primary key yet. "
                "Give the model a UUID key: models.UUIDField(primary_key=True, default=new_id)."
            )
        return "/".join((schema or self.schema_of(), self.model._meta.db_table, str(self.column), str(instance.pk)))

    def schema_of(self) -> str:
        """Schema the table lives in at this moment: ``public`` for shared apps, else the tenant's."""
        return PUBLIC_SCHEMA if is_shared(self.model) else current_schema()

    def from_db_value(self, value: str | None, _expression: Any, connection: Any) -> str | None:
        """Wrap what the database holds; it is opened when the attribute is read."""
        if not value:
            return value
        token = StoredToken(value)
        token.schema = PUBLIC_SCHEMA if is_shared(self.model) else connection.schema_name
        return token

    def pre_save(self, model_instance: models.Model, add: bool) -> str | None:  # noqa: FBT001
        """Encrypt for this row; an unread token is opened first, so that saving never carries a foreign token along."""
        plain: Any = getattr(model_instance, self.attname)
        if not plain:
            return None if plain is None else ""
        if isinstance(plain, models.Expression):
            self._refuse("an expression")
        remember_secret(plain)
        return _PreparedToken(crypto.encrypt(str(plain), context=self.context_of(model_instance)))

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        """Refuse plain text on its way to the database: every write goes through the instance."""
        if value and not isinstance(value, _PreparedToken):
            self._refuse("update(), bulk_update() or an expression")
        return str(value) if value else value

    def get_lookup(self, lookup_name: str) -> Any:
        """Only ``isnull`` makes sense on ciphertext."""
        if lookup_name != "isnull":
            raise FieldError(f"{self.model.__name__}.{self.name} is encrypted and cannot be searched ({lookup_name}).")
        return super().get_lookup(lookup_name)

    def value_to_string(self, obj: models.Model) -> str:
        """Serializers (fixtures, dumps) never see the plain text."""
        raise Misconfigured(f"{self.model.__name__}.{self.name} is encrypted and cannot be serialized.")

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        """Warn about keys that only exist after the insert."""
        problems = super().check(**kwargs)
        if isinstance(self.model._meta.pk, models.AutoField):
            problems.append(
                checks.Error(
                    f"{self.model.__name__}.{self.name} is encrypted for its row, but the primary key is made by the database.",
                    hint="Use models.UUIDField(primary_key=True, default=new_id) from apps.core.ids.",
                    obj=self,
                    id="core.E010",
                )
            )
        return problems

    def _refuse(self, how: str) -> NoReturn:
        raise Misconfigured(
            f"{self.model.__name__}.{self.name} is encrypted for its row; save the instance instead of {how}."
        )


def is_shared(model: type[models.Model]) -> bool:
    """Whether the model's table lives in the public schema."""
    return apps.get_app_config(model._meta.app_label).name in settings.SHARED_APPS


def encrypted_fields(model: type[models.Model]) -> list[EncryptedTextField]:
    """The encrypted fields of a model."""
    return [field for field in model._meta.concrete_fields if isinstance(field, EncryptedTextField)]
