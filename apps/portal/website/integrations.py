"""The catalogue of integrations on the public site, made from the connectors' manifests and nothing else."""

from dataclasses import dataclass
from typing import Any

from apps.connectors.contracts import Connector
from apps.connectors.enums import ActionEffect, Category
from apps.connectors.registries import connectors
from apps.core.errors import NotFound


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """The integrations of one category."""

    title: str
    connectors: tuple[Connector, ...]


def list_shelves() -> list[Shelf]:
    """All integrations by category, in the order of the categories; empty ones are left out."""
    found = [
        Shelf(title=str(one.label), connectors=tuple(sorted(_of(one), key=lambda entry: str(entry.title))))
        for one in Category
    ]
    return [shelf for shelf in found if shelf.connectors]


def get_integration(slug: str) -> Connector:
    """One of them. Raises ``NotFound``."""
    if slug not in connectors:
        raise NotFound(detail=f"no connector {slug!r}")
    return connectors.get(slug)


def actions_of(connector: Connector) -> list[dict[str, Any]]:
    """What a step may do there, each with what is known of it when an answer is lost."""
    return [
        {"title": one.title, "description": one.description, "promise": ActionEffect(one.effect).label}
        for one in connector.actions
    ]


def integration_slugs() -> list[str]:
    """Every integration's address part."""
    return sorted(one.slug for one in connectors)


def _of(category: Category) -> list[Connector]:
    return [one for one in connectors if one.category == category]
