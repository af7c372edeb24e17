"""Encrypted columns: readable through their own row only, refused wherever the row is not known."""

from uuid import uuid4

import pytest
from django.apps.registry import Apps
from django.core.exceptions import FieldError
from django.db import connection, models, transaction

from apps.core import crypto
from apps.core.errors import Misconfigured
from apps.core.fields import EncryptedTextField, encrypted_fields
from apps.core.ids import new_id

own_registry = Apps()


class Vault(models.Model):
    """A table of the tenant plane."""

    id = models.UUIDField(primary_key=True, default=new_id)
    token = EncryptedTextField()
    refresh = EncryptedTextField(null=True, blank=True, default=None)

    class Meta:
        app_label = "connectors"
        db_table = "vault"
        apps = own_registry


class PublicVault(models.Model):
    """A table of the public plane."""

    id = models.UUIDField(primary_key=True, default=new_id)
    token = EncryptedTextField()

    class Meta:
        app_label = "tenants"
        db_table = "public_vault"
        apps = own_registry


class Numbered(models.Model):
    """Keyed by the database."""

    id = models.BigAutoField(primary_key=True)
    token = EncryptedTextField()

    class Meta:
        app_label = "connectors"
        db_table = "numbered_vault"
        apps = own_registry


@pytest.fixture
def vault(tenant):
    with connection.schema_editor() as editor:
        editor.create_model(Vault)
        editor.create_model(Numbered)
    return Vault


def stored(row, column="token"):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {row._meta.db_table} WHERE id = %s", [row.pk])
        return cursor.fetchone()[0]


def overwrite(row, value, column="token"):
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {row._meta.db_table} SET {column} = %s WHERE id = %s", [value, row.pk])


def test_the_database_holds_a_token_and_the_row_reads_the_text(vault):
    row = vault.objects.create(token="secret_abc")
    assert stored(row).startswith("v1:")
    assert "secret_abc" not in stored(row)
    assert vault.objects.get(pk=row.pk).token == "secret_abc"


def test_a_token_copied_to_another_row_does_not_open(vault):
    mine, theirs = vault.objects.create(token="mine"), vault.objects.create(token="theirs")
    overwrite(mine, stored(theirs))
    with pytest.raises(crypto.DecryptionFailed):
        _ = vault.objects.get(pk=mine.pk).token


def test_a_token_copied_to_another_column_does_not_open(vault):
    row = vault.objects.create(token="mine", refresh="other")
    overwrite(row, stored(row), column="refresh")
    with pytest.raises(crypto.DecryptionFailed):
        _ = vault.objects.get(pk=row.pk).refresh


def test_a_token_copied_from_another_tenants_schema_does_not_open(vault, tenant):
    key = uuid4()
    foreign = crypto.encrypt("theirs", context=f"t_someoneelse1/vault/token/{key}")
    row = vault.objects.create(pk=key, token="mine")
    overwrite(row, foreign)
    with pytest.raises(crypto.DecryptionFailed):
        _ = vault.objects.get(pk=key).token
    overwrite(row, crypto.encrypt("ours", context=f"{tenant.schema_name}/vault/token/{key}"))
    assert vault.objects.get(pk=key).token == "ours"


def test_shared_tables_are_bound_to_the_public_schema(tenant):
    with connection.schema_editor() as editor:
        editor.create_model(PublicVault)
    row = PublicVault.objects.create(token="x" * 10)
    assert crypto.decrypt(stored(row), context=f"public/public_vault/token/{row.pk}") == "x" * 10


def test_null_and_empty_stay_as_they_are(vault):
    row = vault.objects.create(token="")
    assert stored(row) == ""
    assert stored(row, "refresh") is None
    again = vault.objects.get(pk=row.pk)
    assert again.token == ""
    assert again.refresh is None


def test_saving_an_unread_row_keeps_its_text(vault):
    row = vault.objects.create(token="keep me")
    vault.objects.get(pk=row.pk).save()
    assert vault.objects.get(pk=row.pk).token == "keep me"
    assert vault.objects.defer("token").get(pk=row.pk).token == "keep me"


def test_bulk_create_encrypts_each_row_for_itself(vault):
    vault.objects.bulk_create([vault(token=f"token {number}") for number in range(3)])
    assert {row.token for row in vault.objects.all()} == {"token 0", "token 1", "token 2"}


@pytest.mark.parametrize(
    "write",
    [
        lambda rows, row: rows.update(token="plain"),
        lambda rows, row: rows.bulk_update([row], ["token"]),
        lambda rows, row: rows.update(token=models.F("refresh")),
    ],
)
def test_writes_that_do_not_know_the_row_are_refused_and_change_nothing(vault, write):
    row = vault.objects.create(token="before", refresh="other")
    before = stored(row)
    row.token = "after"
    with pytest.raises((Misconfigured, FieldError)), transaction.atomic():
        write(vault.objects.all(), row)
    assert stored(row) == before


@pytest.mark.parametrize("lookup", ["exact", "contains", "in", "startswith", "gt"])
def test_searching_ciphertext_is_refused(vault, lookup):
    with pytest.raises(FieldError):
        vault.objects.filter(**{f"token__{lookup}": "x"}).exists()


def test_isnull_works(vault):
    vault.objects.create(token="a")
    assert vault.objects.filter(refresh__isnull=True).count() == 1


def test_a_row_without_key_is_refused_with_the_way_out(vault):
    with pytest.raises(Misconfigured, match="UUID"):
        Numbered(token="x").save()


def test_the_system_check_names_a_key_made_by_the_database():
    assert [problem.id for problem in Numbered._meta.get_field("token").check()] == ["core.E010"]
    assert Vault._meta.get_field("token").check() == []


def test_a_model_lists_its_encrypted_fields():
    assert [field.name for field in encrypted_fields(Vault)] == ["token", "refresh"]


def test_nothing_about_the_row_prints_the_secret(vault):
    row = vault.objects.create(token="hunter2hunter2")
    again = vault.objects.get(pk=row.pk)
    assert "hunter2" not in repr(again.__dict__)
    assert "hunter2" not in repr((again.token, row.token))
    with pytest.raises(Misconfigured):
        Vault._meta.get_field("token").value_to_string(row)
