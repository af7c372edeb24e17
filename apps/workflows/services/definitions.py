"""Publishing workflow definitions."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from apps.core.errors import InvalidInput
from apps.tenants.facade import current_tenant
from apps.workflows.catalogue import config_validators
from apps.workflows.core.definition import content_hash
from apps.workflows.core.validate import validate
from apps.workflows.errors import InvalidDefinition
from apps.workflows.models import Workflow, WorkflowVersion


def ensure_workflow(*, slug: str, name: str, definition: Mapping[str, Any]) -> None:
    """Make ``definition`` the current version of the workflow ``slug``, creating either where it is missing.

    A definition equal to an earlier version makes that version current again; the same call twice changes nothing. Runs keep
    the version they began with. Raises ``InvalidDefinition`` with one field per mistake.
    """
    current_tenant()
    if not slug or len(slug) > 80 or not name or len(name) > 160:
        raise InvalidInput(fields={"slug": _("1 to 80 characters."), "name": _("1 to 160 characters.")})
    problems = validate(definition, types=config_validators())
    if problems:
        raise InvalidDefinition(
            fields={problem.place or "definition": problem.message for problem in reversed(problems)},
            detail="; ".join(f"{problem.code} at {problem.place}: {problem.message}" for problem in problems),
        )
    digest = content_hash(definition)
    with transaction.atomic():
        Workflow.objects.get_or_create(slug=slug, defaults={"name": name})
        workflow = Workflow.objects.select_for_update(of=("self",)).get(slug=slug)
        version = WorkflowVersion.objects.filter(workflow=workflow, content_hash=digest).first()
        if version is None:
            last = WorkflowVersion.objects.filter(workflow=workflow).aggregate(last=Max("number"))["last"] or 0
            version = WorkflowVersion.objects.create(
                workflow=workflow, number=last + 1, definition=definition, content_hash=digest
            )
        if workflow.current_id != version.pk or workflow.name != name:
            workflow.current, workflow.name = version, name
            workflow.save(update_fields=["current", "name"])
