"""The people and tenants every test can count on.

acme and globex are active tenants; the owner, the member (an editor) and the viewer belong to acme, the outsider owns globex.
"""

from apps.accounts.enums import Role
from apps.accounts.models import Membership, User
from apps.tenants.facade import provision_tenant
from apps.tenants.models import Tenant

PASSWORD = "correct horse battery staple"
PEOPLE = {
    "owner@acme.example": ("acme", Role.OWNER),
    "member@acme.example": ("acme", Role.EDITOR),
    "viewer@acme.example": ("acme", Role.VIEWER),
    "outsider@globex.example": ("globex", Role.OWNER),
}
TENANTS = {"acme": "Acme Limited", "globex": "Globex Corporation"}


def provision() -> None:
    """Create the cast in an empty, migrated database."""
    for slug, name in TENANTS.items():
        owner_email = next(email for email, (place, role) in PEOPLE.items() if place == slug and role == Role.OWNER)
        owner = User.objects.create_user(owner_email, PASSWORD, name=owner_email.partition("@")[0].title())
        provision_tenant(slug=slug, name=name, email=owner_email, owner_id=owner.pk)
    for email, (slug, role) in PEOPLE.items():
        person = User.objects.filter(email=email).first() or User.objects.create_user(
            email, PASSWORD, name=email.partition("@")[0].title()
        )
        Membership.objects.get_or_create(user=person, tenant=Tenant.objects.get(slug=slug), defaults={"role": role})
