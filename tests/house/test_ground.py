"""The ground the suite stands on holds."""

import pytest
from django.db import connection

from apps.accounts.models import User
from apps.tenants.models import Tenant


def test_process_has_a_database_of_its_own(db):
    assert connection.settings_dict["NAME"].startswith("test_")


def test_cast_is_ready(tenant, other_tenant, user, member, viewer, outsider):
    assert {tenant.slug, other_tenant.slug} == {"acme", "globex"}
    assert len({user.pk, member.pk, viewer.pk, outsider.pk}) == 4
    assert connection.schema_name == tenant.schema_name


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", [1, 2])
def test_committed_rows_are_gone_in_the_next_test(turn):
    assert User.objects.count() == 4
    assert Tenant.objects.count() >= 2
    User.objects.create_user(f"left{turn}@behind.example")


def test_rows_of_the_cast_survive_tests_that_commit(db):
    assert User.objects.count() == 4
