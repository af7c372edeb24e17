"""Who belongs to a tenant, and as what."""

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from apps.accounts.enums import Role
from apps.accounts.models import Membership, User
from apps.core.errors import InvalidInput


def add_owner(*, user_id: int, tenant_id: int) -> None:
    """Make a person an owner of a tenant; a person who is there already becomes one."""
    Membership.objects.update_or_create(user_id=user_id, tenant_id=tenant_id, defaults={"role": Role.OWNER})


def find_or_create_person(*, email: str, name: str = "") -> User:
    """The person by address in any case; created without password when unknown, to sign in with codes."""
    address = email.strip()
    try:
        validate_email(address)
    except ValidationError as error:
        raise InvalidInput(fields={"email": "Enter an e-mail address."}) from error
    person = User.objects.filter(email__iexact=address).first()
    return person or User.objects.create_user(address, name=name)
