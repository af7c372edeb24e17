"""Which workflow came from which template (tenant schema)."""

from django.db import models
from django.db.models.functions import Now

from apps.core.ids import new_id


class TemplateInstallation(models.Model):
    """One installation of a template. ``workflow`` is the slug of what was made; later changes to it are its own."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    template = models.SlugField(max_length=60, db_index=False)
    version = models.PositiveIntegerField()
    workflow = models.SlugField(max_length=80, db_index=False)
    user_id = models.BigIntegerField()
    installed_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "workflows_templateinstallation"
        indexes = [models.Index(fields=["template"], name="workflows_template_installed")]

    def __str__(self) -> str:
        return f"{self.template} {self.version} -> {self.workflow}"
