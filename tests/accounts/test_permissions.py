"""Roles, guards and the last owner."""

import threading

import pytest
from django.db import IntegrityError, connection, connections, transaction

from apps.accounts.enums import Role
from apps.accounts.errors import LastOwner, NotSignedIn, UnknownMember
from apps.accounts.facade import permissions_of, require
from apps.accounts.models import Membership, User
from apps.accounts.permissions import PERMISSIONS, ROLE_PERMISSIONS
from apps.accounts.services.members import change_role, remove_member
from apps.core.errors import NotAllowed
from apps.tenants.contracts import TenantRef
from apps.tenants.facade import get_tenant, tenant_context


def place(person: User, tenant: TenantRef) -> Membership:
    return Membership.objects.get(user=person, tenant_id=tenant.id)


def test_every_permission_of_every_role_is_known_and_owners_have_all() -> None:
    assert set(ROLE_PERMISSIONS) == set(Role.values)
    assert all(codes <= set(PERMISSIONS) for codes in ROLE_PERMISSIONS.values())
    assert ROLE_PERMISSIONS[Role.OWNER] == set(PERMISSIONS)
    assert all(ROLE_PERMISSIONS[Role.VIEWER] <= codes for codes in ROLE_PERMISSIONS.values())


def test_require_lets_members_do_what_their_role_says(
    tenant: TenantRef, user: User, viewer: User, outsider: User, staff: User
) -> None:
    require(user, "members.manage")
    require(viewer, "tasks.view")
    for person in (viewer, outsider, staff):
        with pytest.raises(NotAllowed):
            require(person, "tasks.create")
    with pytest.raises(NotSignedIn):
        require(None, "tasks.view")
    with pytest.raises(LookupError):
        require(user, "tasks.veiw")


def test_nobody_has_a_role_outside_a_tenant(user: User) -> None:
    with pytest.raises(NotAllowed):
        require(user, "tasks.view")


def test_people_who_were_switched_off_may_do_nothing(tenant: TenantRef, member: User) -> None:
    User.objects.filter(pk=member.pk).update(is_active=False)
    assert permissions_of(member.pk, tenant.id) == frozenset()


def test_roles_are_changed_by_those_who_may(tenant: TenantRef, user: User, member: User, viewer: User) -> None:
    change_role(membership_id=place(viewer, tenant).pk, role=Role.ADMIN, actor=user)
    assert place(viewer, tenant).role == Role.ADMIN
    with pytest.raises(NotAllowed):
        change_role(membership_id=place(viewer, tenant).pk, role=Role.VIEWER, actor=member)
    with pytest.raises(NotAllowed):
        change_role(membership_id=place(member, tenant).pk, role=Role.OWNER, actor=viewer)
    assert place(member, tenant).role == Role.EDITOR


def test_a_foreign_member_is_as_unknown_as_none(
    tenant: TenantRef, user: User, outsider: User, other_tenant: TenantRef
) -> None:
    foreign = place(outsider, other_tenant)
    for wanted in (foreign.pk, 10**9):
        with pytest.raises(UnknownMember):
            change_role(membership_id=wanted, role=Role.VIEWER, actor=user)
        with pytest.raises(UnknownMember):
            remove_member(membership_id=wanted, actor=user)
    assert place(outsider, other_tenant).role == Role.OWNER


def test_the_last_owner_stays(tenant: TenantRef, user: User) -> None:
    with pytest.raises(LastOwner):
        change_role(membership_id=place(user, tenant).pk, role=Role.ADMIN, actor=user)
    with pytest.raises(LastOwner):
        remove_member(membership_id=place(user, tenant).pk, actor=user)
    assert place(user, tenant).role == Role.OWNER


def test_people_may_leave_by_themselves(tenant: TenantRef, viewer: User) -> None:
    remove_member(membership_id=place(viewer, tenant).pk, actor=viewer)
    assert permissions_of(viewer.pk, tenant.id) == frozenset()


@pytest.mark.parametrize("deed", ["update", "delete", "delete person"])
def test_the_database_itself_keeps_an_owner(tenant: TenantRef, user: User, deed: str) -> None:
    owners = Membership.objects.filter(tenant_id=tenant.id, role=Role.OWNER)

    def act() -> None:
        if deed == "update":
            owners.update(role=Role.VIEWER)
        elif deed == "delete":
            owners.delete()
        else:
            User.objects.filter(pk=user.pk).delete()
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    with pytest.raises(IntegrityError, match="would be left without an owner"), transaction.atomic():
        act()
    assert owners.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_demote_each_other_at_once_do_not_both_succeed() -> None:
    acme = get_tenant(slug="acme")
    first, second = User.objects.get(email="owner@acme.example"), User.objects.get(email="member@acme.example")
    Membership.objects.filter(user=second, tenant_id=acme.id).update(role=Role.OWNER)
    barrier, errors = threading.Barrier(2), []

    def demote(actor: User, victim: User) -> None:
        try:
            with tenant_context(acme):
                target = Membership.objects.get(user=victim, tenant_id=acme.id).pk
                barrier.wait(timeout=10)
                change_role(membership_id=target, role=Role.VIEWER, actor=actor)
        except (LastOwner, NotAllowed) as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=demote, args=pair) for pair in ((first, second), (second, first))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Membership.objects.filter(tenant_id=acme.id, role=Role.OWNER).count() == 1
    assert len(errors) == 1
