"""Invitations: hashed, for one address, for a while, once."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from apps.accounts.enums import Role
from apps.accounts.errors import AlreadyMember, InvalidInvitation, InvalidRole, WrongRecipient
from apps.accounts.models import Invitation, Membership, User
from apps.accounts.services.invitations import accept_invitation, find_invitation, invite, revoke_invitation
from apps.core.errors import InvalidInput, NotAllowed
from apps.tenants.contracts import TenantRef
from apps.tenants.facade import tenant_context
from apps.tenants.services.lifecycle import suspend_tenant


def send(actor: User, *, email: str = "new@person.example", role: str = Role.EDITOR, **more: object):
    return invite(
        email=email, role=role, actor=actor, tenant_name="Acme", link=lambda token: f"http://x/{token}/", **more
    )


def test_the_token_is_in_the_mail_and_only_its_hash_in_the_table(
    tenant: TenantRef, user: User, django_capture_on_commit_callbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        made = send(user)
    assert mail.outbox[0].to == ["new@person.example"]
    token = re.search(r"http://x/([^/]+)/", mail.outbox[0].body)[1]
    assert token == made.token
    assert token not in repr(made)
    row = Invitation.objects.get()
    assert token not in str(row.__dict__)


def test_joining_works_once_and_for_the_invited_address_only(tenant: TenantRef, user: User, outsider: User) -> None:
    token = send(user).token
    with pytest.raises(WrongRecipient):
        accept_invitation(token=token, person=outsider)
    person = User.objects.create_user("New@Person.example")
    accept_invitation(token=token, person=person)
    assert Membership.objects.get(user=person, tenant_id=tenant.id).role == Role.EDITOR
    with pytest.raises(InvalidInvitation):
        accept_invitation(token=token, person=person)


def test_unknown_expired_revoked_and_replaced_tokens_get_one_answer(tenant: TenantRef, user: User) -> None:
    replaced, current = send(user).token, send(user)
    expired = send(user, email="late@person.example", now=timezone.now() - timedelta(days=8)).token
    revoke_invitation(invitation_id=current.invitation_id, actor=user)
    texts = set()
    for token in ("unknown", replaced, current.token, expired):
        with pytest.raises(InvalidInvitation) as caught:
            find_invitation(token=token)
        texts.add(caught.value.text)
    assert len(texts) == 1


def test_an_invitation_to_a_suspended_workspace_waits(tenant: TenantRef, user: User) -> None:
    token = send(user).token
    suspend_tenant(tenant_id=tenant.id, reason="x")
    with pytest.raises(InvalidInvitation):
        find_invitation(token=token)


def test_nobody_gives_more_than_they_have(tenant: TenantRef, user: User, member: User) -> None:
    with pytest.raises(NotAllowed):
        send(member, role=Role.VIEWER)
    Membership.objects.filter(user=member, tenant_id=tenant.id).update(role=Role.ADMIN)
    send(member, role=Role.ADMIN)
    with pytest.raises(NotAllowed):
        send(member, role=Role.OWNER, email="boss@person.example")


@pytest.mark.parametrize(("changes", "error"), [
    ({"email": "nobody"}, InvalidInput), ({"role": "king"}, InvalidRole), ({"email": "Viewer@acme.example"}, AlreadyMember),
])  # fmt: skip
def test_bad_invitations_are_refused(
    tenant: TenantRef, user: User, changes: dict[str, str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        send(user, **changes)
    assert not Invitation.objects.exists()


def test_an_invitation_never_lowers_a_role(tenant: TenantRef, user: User, viewer: User) -> None:
    token = send(user, role=Role.VIEWER).token
    person = User.objects.create_user("new@person.example")
    Membership.objects.create(user=person, tenant_id=tenant.id, role=Role.ADMIN)
    accept_invitation(token=token, person=person)
    assert Membership.objects.get(user=person, tenant_id=tenant.id).role == Role.ADMIN


def test_foreign_invitations_cannot_be_revoked(
    tenant: TenantRef, user: User, outsider: User, other_tenant: TenantRef
) -> None:
    made = send(user)
    from apps.tenants.facade import public_context

    with public_context(), tenant_context(other_tenant):
        for wanted in (made.invitation_id, 10**9):
            with pytest.raises(InvalidInvitation):
                revoke_invitation(invitation_id=wanted, actor=outsider)
    assert Invitation.objects.get().revoked_at is None
