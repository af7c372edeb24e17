"""A tenant is there at once and complete, or not at all."""

import re

import pytest
from django.db import connection

from apps.accounts.models import Membership, User
from apps.core.errors import InvalidInput
from apps.dispatch.models import TenantQueue
from apps.tenants.errors import InvalidSlug, SlugTaken
from apps.tenants.facade import provision_tenant, tenant_context
from apps.tenants.migrating.graph import fingerprint
from apps.tenants.migrating.status import applied_migrations, pending_tenants
from apps.tenants.models import Domain, ReadySchema, SchemaTemplate, Tenant
from apps.tenants.schemas import template
from apps.tenants.schemas.pool import refill_pool
from apps.tenants.schemas.tables import list_tables

CROSS_PLANE_KEYS = """
SELECT c.oid::regclass, f.oid::regclass FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_class f ON f.oid = k.confrelid
WHERE k.contype = 'f' AND f.relnamespace = 'public'::regnamespace AND c.relnamespace <> f.relnamespace
"""


def make(slug: str = "initech", **changes: object):
    return provision_tenant(**{"slug": slug, "name": "Initech", "email": "boss@initech.example", **changes})


def test_a_new_tenant_has_everything(user: User) -> None:
    made = make(owner_id=user.pk)
    assert made.status == "active"
    assert made.launch_stage == "pre"
    assert Domain.objects.get(tenant_id=made.id).domain == "initech.localhost"
    assert Membership.objects.get(tenant_id=made.id).role == "owner"
    assert TenantQueue.objects.get(tenant_id=made.id).schema_name == made.schema_name
    with tenant_context(made):
        assert len(list_tables(made.schema_name)) > 10
    assert pending_tenants() == []


def test_no_foreign_key_leads_from_a_tenant_to_the_public_schema(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(CROSS_PLANE_KEYS)
        assert cursor.fetchall() == []


@pytest.mark.parametrize(
    "slug", ["", "a", "ab", "-abc", "abc-", "Abc", "a_b", "a.b", "www", "admin", "x" * 41, "ünï", "a b", "a/b", "'; --"]
)
def test_an_address_that_is_no_host_label_is_refused(db: None, slug: str) -> None:
    before = Tenant.objects.count()
    with pytest.raises(InvalidSlug):
        make(slug)
    assert Tenant.objects.count() == before


@pytest.mark.parametrize(("changes", "field"), [
    ({"name": " "}, "name"), ({"name": "x" * 121}, "name"), ({"email": "nobody"}, "email"), ({"plan": "gold"}, "plan"),
])  # fmt: skip
def test_bad_input_names_the_field(db: None, changes: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        make(**changes)
    assert field in caught.value.fields


def test_a_taken_address_leaves_no_schema_behind(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 't\\_%%'")
        before = cursor.fetchone()
        with pytest.raises(SlugTaken):
            make("acme")
        cursor.execute("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 't\\_%%'")
        assert cursor.fetchone() == before


def test_the_pool_gives_its_schemas_away_once(db: None) -> None:
    assert refill_pool(size=2) == 2
    ready = set(ReadySchema.objects.values_list("schema_name", flat=True))
    assert {make("one").schema_name, make("two").schema_name} == ready
    assert make("three").schema_name not in ready
    assert refill_pool(size=2) == 2


def test_the_pool_drops_schemas_of_earlier_migrations(db: None) -> None:
    refill_pool(size=1)
    ReadySchema.objects.update(fingerprint="earlier")
    old = ReadySchema.objects.get().schema_name
    assert refill_pool(size=1) == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_namespace WHERE nspname = %s", [old])
        assert cursor.fetchone() == (0,)


CASTS_AND_BRACKETS = re.compile(r"::[a-z ]+(\[\])?|[()]")


def shape(schema_name: str) -> list[tuple[object, ...]]:
    """Columns, constraints, indexes and triggers of a schema, without its name.

    Casts and brackets are left out: PostgreSQL prints a check constraint that went through a dump with more of them.
    """
    column = "table_name, column_name, data_type, is_nullable, column_default, is_identity"
    constraint = "conrelid::regclass::text, conname, pg_get_constraintdef(oid)"
    trigger = "tgrelid::regclass::text, tgname, pg_get_triggerdef(t.oid)"
    queries = (
        f"SELECT {column} FROM information_schema.columns WHERE table_schema = %s ORDER BY 1, 2",
        f"SELECT {constraint} FROM pg_constraint WHERE connamespace = %s::regnamespace ORDER BY 1, 2",
        "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = %s ORDER BY 1, 2",
        (
            f"SELECT {trigger} FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid "
            "WHERE NOT tgisinternal AND c.relnamespace = %s::regnamespace ORDER BY 1, 2"
        ),
    )
    rows: list[tuple[object, ...]] = []
    with connection.cursor() as cursor:
        for query in queries:
            cursor.execute(query, [schema_name])
            found = cursor.fetchall()
            rows += [
                tuple(CASTS_AND_BRACKETS.sub("", str(value).replace(schema_name, "S")) for value in row)
                for row in found
            ]
    return rows


@pytest.mark.django_db(transaction=True)
def test_without_pg_dump_the_schema_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    with_dump = make("dumped")
    SchemaTemplate.objects.filter(pk=fingerprint()).delete()
    monkeypatch.setattr(template, "find_pg_dump", lambda: None)
    without = make("collected")
    assert SchemaTemplate.objects.get(pk=fingerprint()).built_with == "migrations"
    assert shape(without.schema_name) == shape(with_dump.schema_name)
    applied = applied_migrations([with_dump.schema_name, without.schema_name])
    assert applied[with_dump.schema_name] == applied[without.schema_name] != frozenset()
