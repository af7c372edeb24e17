"""Keys rotate without losing a secret; cloned schemas read their own."""

import base64
import io
import secrets

import pytest
from django.core.management import call_command
from django.db import connection, models

from apps.core import crypto, reencryption
from apps.core.fields import EncryptedTextField
from apps.core.ids import new_id
from apps.core.reencryption import rebind_schema, reencrypt_all
from tests import transactions
from tests.core.test_fields import own_registry, stored


class Safe(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id)
    token = EncryptedTextField()

    class Meta:
        app_label = "connectors"
        db_table = "safe"
        apps = own_registry


def key_text(key_id):
    return f"{key_id}:{base64.b64encode(secrets.token_bytes(32)).decode()}"


@pytest.fixture
def acme(db, settings, monkeypatch):
    """A table of secrets in acme's schema; the test itself runs outside of any tenant, as the command does."""
    settings.ENCRYPTION_KEYS = key_text("old")
    monkeypatch.setattr(reencryption, "_models", lambda: [Safe])
    with transactions.entered("acme") as tenant, connection.schema_editor() as editor:
        editor.create_model(Safe)
    return tenant


def fill(count):
    with transactions.entered("acme"):
        return Safe.objects.bulk_create([Safe(token=f"secret {number}") for number in range(count)])


def key_ids(rows):
    with transactions.entered("acme"):
        return {crypto.key_id_of(stored(row)) for row in rows}


def run(**options):
    return [
        (report.moved, report.current, len(report.failed))
        for report in reencrypt_all(**options)
        if report.column == "safe.token" and (report.moved or report.current or report.failed)
    ]


def test_rotation_moves_every_row_once(acme, settings):
    rows = fill(7)
    settings.ENCRYPTION_KEYS = f"{key_text('new')},{settings.ENCRYPTION_KEYS}"
    assert run(dry_run=True) == [(7, 0, 0)]
    assert key_ids(rows) == {"old"}
    assert run() == [(7, 0, 0)]
    assert run() == [(0, 7, 0)]
    settings.ENCRYPTION_KEYS = settings.ENCRYPTION_KEYS.split(",")[0]
    with transactions.entered("acme"):
        assert {row.token for row in Safe.objects.all()} == {f"secret {number}" for number in range(7)}


def test_more_rows_than_a_page_are_all_moved(acme, settings, monkeypatch):
    monkeypatch.setattr(reencryption, "PAGE", 3)
    fill(10)
    settings.ENCRYPTION_KEYS = f"{key_text('new')},{settings.ENCRYPTION_KEYS}"
    assert run() == [(10, 0, 0)]


def test_an_unreadable_row_is_reported_left_alone_and_fails_the_command(acme, settings):
    (row,) = fill(1)
    settings.ENCRYPTION_KEYS = key_text("other")
    out, err = io.StringIO(), io.StringIO()
    with pytest.raises(SystemExit) as stop:
        call_command("reencrypt", stdout=out, stderr=err)
    assert stop.value.code == 1
    assert str(row.pk) in err.getvalue()
    assert key_ids([row]) == {"old"}


def test_a_copied_schema_reads_its_secrets_after_rebinding(acme, other_tenant):
    (row,) = fill(1)
    copy = f'"{other_tenant.schema_name}".safe'
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE TABLE {copy} AS TABLE "{acme.schema_name}".safe')
    (report,) = rebind_schema(from_schema=acme.schema_name, to_schema=other_tenant.schema_name)
    assert report.moved == 1
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT token FROM {copy}")
        token = cursor.fetchone()[0]
    assert crypto.decrypt(token, context=f"{other_tenant.schema_name}/safe/token/{row.pk}") == "secret 0"
    with transactions.entered("acme"):
        assert Safe.objects.get(pk=row.pk).token == "secret 0"
