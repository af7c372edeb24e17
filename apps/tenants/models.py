"""Tenants, their host names and plans (public schema)."""

from django.db import models
from django.db.models.functions import Now
from django_tenants.models import DomainMixin, TenantMixin

from apps.tenants.enums import LaunchStage, TenantStatus


class Tenant(TenantMixin):
    """One customer: a generated schema, an epoch that voids old work after a restore, a launch stage."""

    auto_create_schema = False
    auto_drop_schema = False

    slug = models.SlugField(max_length=40, unique=True, db_index=False)
    name = models.CharField(max_length=120)
    email = models.EmailField(help_text="Billing contact; dj-stripe reads it.")
    status = models.CharField(max_length=16, choices=TenantStatus, default=TenantStatus.PROVISIONING)
    launch_stage = models.CharField(max_length=8, choices=LaunchStage, default=LaunchStage.PRE)
    epoch = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(schema_name="public") | models.Q(schema_name__regex=r"^t_[a-z0-9]{12}$"),
                name="tenants_tenant_schema_name_is_generated",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Domain(DomainMixin):
    """A host name that leads to a tenant."""
