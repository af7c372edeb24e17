"""Named definitions, their immutable versions, which of them was current when, secrets and their record (tenant schema)."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from apps.core.fields import EncryptedTextField
from apps.core.ids import new_id
from apps.workflows.enums import SecretChangeKind, VersionChangeKind


class Workflow(models.Model):
    """A named definition with a history of versions; ``current`` is what new runs start with."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.SlugField(max_length=80, unique=True, db_index=False)
    name = models.CharField(max_length=160)
    description = models.CharField(max_length=500, db_default="")
    current = models.ForeignKey("WorkflowVersion", null=True, on_delete=models.PROTECT, related_name="+")
    archived_at = models.DateTimeField(null=True)
    created_by = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name


class WorkflowVersion(models.Model):
    """One immutable definition: graph, settings and triggers together. A database trigger refuses updates, and no version that a
    run refers to can be deleted. ``content_hash`` is over everything but the layout."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workflow = models.ForeignKey(Workflow, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    definition = models.JSONField()
    content_hash = models.CharField(max_length=64)
    note = models.CharField(max_length=500, db_default="")
    created_by = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workflow", "number"], name="workflows_workflowversion_number_once"),
            models.UniqueConstraint(fields=["workflow", "content_hash"], name="workflows_workflowversion_content_once"),
        ]

    def __str__(self) -> str:
        return f"{self.workflow_id} v{self.number}"


class VersionChange(models.Model):
    """When which version became current, who made it so and why. Append-only (database trigger); the latest one is in force."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="changes", db_index=False)
    version = models.ForeignKey(WorkflowVersion, on_delete=models.CASCADE, related_name="+", db_index=False)
    previous = models.ForeignKey(WorkflowVersion, null=True, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=12, choices=VersionChangeKind)
    user_id = models.BigIntegerField(null=True)
    note = models.CharField(max_length=500, db_default="")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=VersionChangeKind.values), name="workflows_versionchange_kind_is_known"
            ),
        ]
        indexes = [models.Index(fields=["workflow", "at"], name="workflows_versionchange_when")]

    def __str__(self) -> str:
        return f"{self.workflow_id} {self.kind} {self.at:%Y-%m-%d %H:%M}"


class Secret(models.Model):
    """A value that steps may use by name and nobody can read again. Encrypted for this row of this tenant alone.

    ``used_at`` is when a call last opened it, to the minute."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=60, unique=True, db_index=False)
    value = EncryptedTextField()
    note = models.CharField(max_length=200, db_default="")
    created_by = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    replaced_at = models.DateTimeField(null=True)
    replaced_by = models.BigIntegerField(null=True)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(name__regex=r"^[a-z][a-z0-9_]{0,59}$"), name="workflows_secret_name_is_plain"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class SecretChange(models.Model):
    """Who added, replaced or deleted which secret when, by its name and never with its value; it outlives the secret.

    Append-only (database trigger)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=12, choices=SecretChangeKind)
    user_id = models.BigIntegerField(null=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=SecretChangeKind.values), name="workflows_secretchange_kind_is_known"
            ),
        ]
        indexes = [models.Index(fields=["-at", "-id"], name="workflows_secretchange_latest")]

    def __str__(self) -> str:
        return f"{self.name} {self.kind} {self.at:%Y-%m-%d %H:%M}"
