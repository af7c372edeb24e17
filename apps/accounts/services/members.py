"""Who belongs to a tenant, and as what."""

from apps.accounts.enums import Role
from apps.accounts.models import Membership


def add_owner(*, user_id: int, tenant_id: int) -> None:
    """Make a person an owner of a tenant; a person who is there already becomes one."""
    Membership.objects.update_or_create(user_id=user_id, tenant_id=tenant_id, defaults={"role": Role.OWNER})
