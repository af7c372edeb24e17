"""Making, checking, naming and archiving workflows."""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from apps.core.errors import InvalidInput
from apps.core.ids import new_id
from apps.tenants.facade import current_tenant
from apps.workflows.catalogue import config_validators, step_facts
from apps.workflows.contracts import WorkflowView
from apps.workflows.core.problems import Problem, errors, problem
from apps.workflows.core.secrets import handles
from apps.workflows.core.validate import validate
from apps.workflows.errors import InvalidDefinition, UnknownWorkflow, WorkflowExists
from apps.workflows.models import Secret, Workflow
from apps.workflows.problem_texts import told_all
from apps.workflows.services.prompts import with_prompt_problems
from apps.workflows.services.secrets import hold_secrets
from apps.workflows.services.versions import make_current, version_for
from apps.workflows.triggers.types import check_trigger

SLUG = re.compile(r"[a-z0-9][a-z0-9\-]{0,79}\Z")
MAX_CALL_CHAIN = 50
# With one of these nothing is known of the steps; with other mistakes each step's own are told all the same.
UNREADABLE = frozenset({"not_json", "too_large", "too_deep", "schema_violation"})


def ensure_workflow(*, slug: str, name: str, definition: Mapping[str, Any]) -> None:
    """Make ``definition`` the current version of the workflow ``slug``, creating either where it is missing.

    A definition equal to an earlier version makes that version current again; the same call twice changes nothing. Runs keep
    the version they began with. Raises ``InvalidDefinition`` with one field per mistake.
    """
    current_tenant()
    if not slug or len(slug) > 80 or not name or len(name) > 160:
        raise InvalidInput(fields={"slug": _("1 to 80 characters."), "name": _("1 to 160 characters.")})
    require_valid(definition, slug=slug)
    with transaction.atomic():
        Workflow.objects.get_or_create(slug=slug, defaults={"name": name})
        workflow = Workflow.objects.select_for_update(of=("self",)).get(slug=slug)
        make_current(workflow, version_for(workflow, definition))
        if workflow.name != name:
            workflow.name = name
            workflow.save(update_fields=["name"])


def validate_definition(definition: Any, *, workflow: str = "") -> list[Problem]:
    """Every mistake in a definition in the reader's language, the gravest first; nothing is stored.

    ``workflow`` is the slug it would be published under, which calls between workflows are checked with.
    """
    found = validate(definition, types=config_validators(), facts=step_facts())
    if not errors(found):
        found += [*_secrets(definition), *_calls(definition, workflow)]
    if not any(one.code in UNREADABLE for one in found):
        found = with_prompt_problems(definition, found)
    return [*told_all(found), *_triggers(definition, workflow)]


def _triggers(definition: Any, workflow: str) -> list[Problem]:
    """What is wrong with what starts the workflow; the texts are in the reader's language already."""
    declared = definition.get("triggers") if isinstance(definition, Mapping) else None
    if not isinstance(declared, Mapping):
        return []
    return [
        Problem(code=found.code, place=found.place, message=found.message, field=found.place)
        for slug, body in declared.items()
        if isinstance(body, Mapping)
        for found in check_trigger(str(slug), body, workflow=workflow)
    ]


def require_valid(definition: Any, *, slug: str) -> None:
    """Raises ``InvalidDefinition`` with one field per mistake; warnings pass."""
    wrong = errors(validate_definition(definition, workflow=slug))
    if wrong:
        raise InvalidDefinition(
            fields={one.place or "definition": one.message for one in reversed(wrong)},
            detail="; ".join(f"{one.code} at {one.place}: {one.message}" for one in wrong),
        )


def create_workflow(*, name: str, slug: str = "", description: str = "", user_id: int | None = None) -> WorkflowView:
    """A new workflow without a version. Without ``slug`` one is made from the name and numbered where it is taken.

    Raises ``InvalidInput`` (name, slug, description) and ``WorkflowExists`` when the asked-for slug is taken.
    """
    current_tenant()
    _require_texts(name=name, description=description)
    if slug and not SLUG.match(slug):
        raise InvalidInput(fields={"slug": _("Small letters, digits and hyphens, at most 80.")})
    base = (slug or slugify(name) or "workflow")[:70].strip("-")
    for number in range(1, 200):
        chosen = base if number == 1 else f"{base}-{number}"
        try:
            with transaction.atomic():
                row = Workflow.objects.create(
                    pk=new_id(), slug=chosen, name=name.strip(), description=description.strip(), created_by=user_id
                )
                return workflow_view(row)
        except IntegrityError:
            if slug:
                raise WorkflowExists(fields={"slug": _("This name is taken.")}) from None
    raise WorkflowExists(fields={"name": _("This name is taken.")})


def rename_workflow(*, workflow: str, name: str, description: str | None = None) -> WorkflowView:
    """Another name for people; the slug stays. Raises ``UnknownWorkflow``, ``InvalidInput``."""
    _require_texts(name=name, description=description or "")
    changes = {"name": name.strip()} | ({} if description is None else {"description": description.strip()})
    if not Workflow.objects.filter(slug=workflow).update(**changes):
        raise UnknownWorkflow(detail=workflow)
    return get_workflow(workflow=workflow)


def archive_workflow(*, workflow: str) -> WorkflowView:
    """No new runs and no new versions; running ones finish. A second call changes nothing. Raises ``UnknownWorkflow``."""
    Workflow.objects.filter(slug=workflow, archived_at__isnull=True).update(archived_at=Now())
    return get_workflow(workflow=workflow)


def restore_workflow(*, workflow: str) -> WorkflowView:
    """Bring an archived workflow back. A second call changes nothing. Raises ``UnknownWorkflow``, and ``SecretMissing`` when a
    secret it needs was deleted meanwhile."""
    with transaction.atomic():
        row = Workflow.objects.select_for_update(of=("self",)).select_related("current").filter(slug=workflow).first()
        if row is not None and row.current is not None:
            hold_secrets(row.current.definition)
        Workflow.objects.filter(slug=workflow).update(archived_at=None)
    return get_workflow(workflow=workflow)


def get_workflow(*, workflow: str | UUID) -> WorkflowView:
    """A workflow by slug or id, with its current definition. Raises ``UnknownWorkflow``."""
    asked = {"pk": workflow} if isinstance(workflow, UUID) else {"slug": workflow}
    row = Workflow.objects.select_related("current").filter(**asked).first()
    if row is None:
        raise UnknownWorkflow(detail=str(workflow))
    return workflow_view(row)


def workflow_view(row: Workflow) -> WorkflowView:
    """The row as other apps see it."""
    return WorkflowView(
        id=row.pk,
        slug=row.slug,
        name=row.name,
        description=row.description,
        current=row.current.number if row.current else None,
        definition=row.current.definition if row.current else None,
        archived=row.archived_at is not None,
        created_by=row.created_by,
        created_at=row.created_at,
    )


def _require_texts(*, name: str, description: str) -> None:
    wrong = {}
    if not 1 <= len(name.strip()) <= 160 or "\x00" in name:
        wrong["name"] = _("1 to 160 characters.")
    if len(description) > 500 or "\x00" in description:
        wrong["description"] = _("At most 500 characters.")
    if wrong:
        raise InvalidInput(fields=wrong)


def _secrets(definition: Mapping[str, Any]) -> Iterable[Problem]:
    named = [
        (f"steps.{step_id}.with.{'.'.join(path)}", name)
        for step_id, body in definition["steps"].items()
        for path, name in handles(body.get("with", {}))
    ]
    if named:
        known = set(Secret.objects.filter(name__in={name for _place, name in named}).values_list("name", flat=True))
        yield from (problem("unknown_secret", place, name=name) for place, name in named if name not in known)


def called_workflows(definition: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(place, slug) of every sub-workflow a definition names outright."""
    return [
        (f"steps.{step_id}.with.workflow", body["with"]["workflow"])
        for step_id, body in definition["steps"].items()
        if body["type"] == "workflow.run" and isinstance(body.get("with", {}).get("workflow"), str)
    ]


def _calls(definition: Mapping[str, Any], slug: str) -> Iterable[Problem]:
    """Sub-workflows that do not exist, and circles of calls as far as they are spelled out."""
    for place, called in called_workflows(definition):
        path, todo = {called: [called]}, [called]
        while todo and len(path) < MAX_CALL_CHAIN:
            name = todo.pop()
            if name == slug:
                yield problem("workflow_cycle", place, path=" → ".join([slug, *path[name]]))
                break
            row = Workflow.objects.select_related("current").filter(slug=name, current__isnull=False).first()
            if row is None or row.current is None:
                if name == called:
                    yield problem("unknown_workflow", place, name=called)
                continue
            for _place, inner in called_workflows(row.current.definition):
                if inner not in path:
                    path[inner] = [*path[name], inner]
                    todo.append(inner)
