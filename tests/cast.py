"""The people and tenants every test can count on.

acme and globex are active tenants; the owner, the member (an editor) and the viewer belong to acme, the outsider owns globex.
"""

from apps.accounts.enums import Role
from apps.accounts.models import Membership, User
from apps.tenants.models import Domain, Tenant

PASSWORD = "correct horse battery staple"  # noqa: S105
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
        _provision_tenant(slug=slug, name=name, email=owner_email, owner_id=owner.pk)
    for email, (slug, role) in PEOPLE.items():
        person = User.objects.filter(email=email).first() or User.objects.create_user(
            email, PASSWORD, name=email.partition("@")[0].title()
        )
        Membership.objects.get_or_create(user=person, tenant=Tenant.objects.get(slug=slug), defaults={"role": role})


def _provision_tenant(*, slug: str, name: str, email: str, owner_id: int) -> None:
    try:
        from apps.tenants.facade import provision_tenant

        provision_tenant(slug=slug, name=name, email=email, owner_id=owner_id)
    except Exception:  # interim, until provisioning has landed
        Tenant.objects.filter(slug=slug).delete()
        from django.apps import apps
        from django.conf import settings
        from django.db import connection
        from django.db.migrations.executor import MigrationExecutor
        from django.utils import timezone

        from apps.core.ids import new_schema_name
        from apps.tenants.enums import TenantStatus
        from apps.tenants.models import Plan

        plan, _ = Plan.objects.get_or_create(key="starter", defaults={"name": "Starter"})
        tenant = Tenant.objects.create(
            slug=slug, name=name, email=email, schema_name=new_schema_name(), status=TenantStatus.ACTIVE, plan=plan
        )
        Domain.objects.create(tenant=tenant, domain=f"{slug}.localhost", is_primary=True, verified_at=timezone.now())
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE SCHEMA {tenant.schema_name}")
        connection.set_tenant(tenant)
        labels = {app.label for app in apps.get_app_configs() if app.name in settings.TENANT_APPS}
        executor = MigrationExecutor(connection)
        executor.migrate([node for node in executor.loader.graph.leaf_nodes() if node[0] in labels])
        connection.set_schema_to_public()
