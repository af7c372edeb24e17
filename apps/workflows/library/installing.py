"""Installing a template: fill it in, check it, make a draft of it. Nothing runs before the person publishes."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Count

from apps.connectors import facade as connectors
from apps.connectors.contracts import ConnectionView
from apps.workflows.builder import drafts
from apps.workflows.library.models import TemplateInstallation
from apps.workflows.library.packages import Package, fill
from apps.workflows.library.texts import said
from apps.workflows.services.definitions import create_workflow

Json = Any


def working_connections(package: Package) -> dict[str, list[ConnectionView]]:
    """Connections of the services the package uses, by connector, those that work."""
    found: dict[str, list[ConnectionView]] = {connector: [] for connector in package.connectors}
    for one in connectors.list_connections() if package.connectors else ():
        if one.connector in found and one.state == "active":
            found[one.connector].append(one)
    return found


def service_titles() -> dict[str, str]:
    """Names of all services by connector."""
    return {one.slug: str(one.title) for one in connectors.catalogue()}


def definition_of(
    package: Package, *, parameters: Mapping[str, Json], connections: Mapping[str, str]
) -> dict[str, Json]:
    """The package as an ordinary definition, its titles in the reader's language. Defaults stand in for missing parameters."""
    given = {one.name: one.default for one in package.parameters if one.default is not None} | dict(parameters)
    definition: dict[str, Json] = fill(package.definition, parameters=given, connections=connections)
    for step in definition["steps"].values():
        if step.get("title"):
            step["title"] = said(step["title"])
    return definition


def install(
    package: Package, *, name: str, parameters: Mapping[str, Json], connections: Mapping[str, str], user_id: int
) -> str:
    """Make a workflow with the filled-in package as its draft; returns its slug. Each call makes another workflow.

    Raises ``InvalidInput`` for a bad name, ``PlanLimitReached``.
    """
    definition = definition_of(package, parameters=parameters, connections=connections)
    with transaction.atomic():
        slug = create_workflow(name=name, user_id=user_id).slug
        drafts.replace_document(
            slug=slug, document=definition, actor_id=user_id, reason=f"template {package.slug} {package.version}"
        )
        TemplateInstallation.objects.create(
            template=package.slug, version=package.version, workflow=slug, user_id=user_id
        )
    return slug


def count_installations(packages: Sequence[Package]) -> dict[str, int]:
    """How often each was installed in this workspace. One query."""
    slugs = [package.slug for package in packages]
    rows = TemplateInstallation.objects.filter(template__in=slugs).values_list("template").annotate(times=Count("pk"))
    return dict.fromkeys(slugs, 0) | dict(rows)
