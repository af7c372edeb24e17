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
def safe(tenant, settings, monkeypatch):
    settings.ENCRYPTION_KEYS = key_text("old")
    monkeypatch.setattr(reencryption, "_models", lambda: [Safe])
    with connection.schema_editor() as editor:
        editor.create_model(Safe)
    return Safe


def totals(reports):
    return [(report.moved, report.current, len(report.failed)) for report in reports if report.column == "safe.token"
            and (report.moved or report.current or report.failed)]  # fmt: skip


def test_rotation_moves_every_row_once(safe, settings):
    rows = [safe.objects.create(token=f"secret {number}") for number in range(7)]
    settings.ENCRYPTION_KEYS = f"{key_text('new')},{settings.ENCRYPTION_KEYS}"
    assert totals(reencrypt_all(dry_run=True)) == [(7, 0, 0)]
    assert {crypto.key_id_of(stored(row)) for row in rows} == {"old"}
    assert totals(reencrypt_all()) == [(7, 0, 0)]
    assert totals(reencrypt_all()) == [(0, 7, 0)]
    settings.ENCRYPTION_KEYS = settings.ENCRYPTION_KEYS.split(",")[0]
    assert {row.token for row in safe.objects.all()} == {f"secret {number}" for number in range(7)}


def test_more_rows_than_a_page_are_all_moved(safe, settings, monkeypatch):
    monkeypatch.setattr(reencryption, "PAGE", 3)
    safe.objects.bulk_create([safe(token=f"secret {number}") for number in range(10)])
    settings.ENCRYPTION_KEYS = f"{key_text('new')},{settings.ENCRYPTION_KEYS}"
    assert totals(reencrypt_all()) == [(10, 0, 0)]


def test_an_unreadable_row_is_reported_left_alone_and_fails_the_command(safe, settings):
    row = safe.objects.create(token="secret")
    before = stored(row)
    settings.ENCRYPTION_KEYS = key_text("other")
    out, err = io.StringIO(), io.StringIO()
    with pytest.raises(SystemExit) as stop:
        call_command("reencrypt", stdout=out, stderr=err)
    assert stop.value.code == 1
    assert str(row.pk) in err.getvalue()
    assert stored(row) == before


def test_a_copied_schema_reads_its_secrets_after_rebinding(safe, tenant, other_tenant):
    row = safe.objects.create(token="secret")
    copy = f'"{other_tenant.schema_name}".safe'
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE TABLE {copy} AS TABLE "{tenant.schema_name}".safe')
    (report,) = rebind_schema(from_schema=tenant.schema_name, to_schema=other_tenant.schema_name)
    assert report.moved == 1
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT token FROM {copy}")
        token = cursor.fetchone()[0]
    assert crypto.decrypt(token, context=f"{other_tenant.schema_name}/safe/token/{row.pk}") == "secret"
    assert safe.objects.get(pk=row.pk).token == "secret"
