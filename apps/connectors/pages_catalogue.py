"""What can be connected: the catalogue with search and shelves, and one page of documentation for each service. All of it is made
from the manifests."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from apps.accounts.guards import held_permissions, permission_required
from apps.connectors import facade, sign_in
from apps.connectors.contracts import Action, Connector
from apps.connectors.enums import ActionEffect, Category
from apps.connectors.registries import connectors
from apps.connectors.shapes import translated_schema

MEANS = {
    ActionEffect.PURE: gettext_lazy("Reads only; a failed call is repeated."),
    ActionEffect.KEYED: gettext_lazy("Happens once, however often it is repeated."),
    ActionEffect.LOOKUP: gettext_lazy("After a lost answer EchoPilot looks whether it happened before it repeats."),
    ActionEffect.BLIND: gettext_lazy("After a lost answer nobody can tell whether it happened: a person decides."),
}
KINDS = {
    "string": gettext_lazy("Text"), "integer": gettext_lazy("Whole number"), "number": gettext_lazy("Number"),
    "boolean": gettext_lazy("Yes or no"), "array": gettext_lazy("List"), "object": gettext_lazy("Names and values"),
}  # fmt: skip
LONGEST_SEARCH = 80


@require_GET
@permission_required("connections.view")
def catalogue(request: HttpRequest) -> HttpResponse:
    """Every service by shelf; ``q`` searches titles, descriptions and actions, ``shelf`` narrows to one."""
    query = request.GET.get("q", "").strip()[:LONGEST_SEARCH]
    shelf = request.GET.get("shelf", "")
    context = {
        "shelves": shelves(query=query, only=shelf),
        "all_shelves": Category.choices,
        "query": query,
        "shelf": shelf if shelf in Category.values else "",
        "may_manage": "connections.manage" in held_permissions(request),
    }
    return render(request, "connectors/catalogue.html", context)


@require_GET
@permission_required("connections.view")
def catalogue_detail(request: HttpRequest, connector: str) -> HttpResponse:
    """What one service is for, how to connect it, and each of its actions and triggers."""
    manifest = connectors.get(connector)
    context = {
        "manifest": manifest,
        "signs_in": sign_in.available(manifest),
        "actions": [_described(action) for action in manifest.actions],
        "triggers": [
            {"trigger": trigger, "type": f"{manifest.slug}.{trigger.slug}", "inputs": _members(trigger.input_schema),
             "outputs": _members(trigger.output_schema)}
            for trigger in manifest.triggers
        ],
        "window": _("%(calls)d calls in %(seconds)d seconds") % {"calls": manifest.rate.calls, "seconds": manifest.rate.window_s},
        "connected": [one for one in facade.list_connections() if one.connector == manifest.slug and one.state != "disabled"],
        "may_manage": "connections.manage" in held_permissions(request),
    }  # fmt: skip
    return render(request, "connectors/catalogue_detail.html", context)


def shelves(*, query: str = "", only: str = "") -> list[tuple[str, list[Connector]]]:
    """The services that match, by the shelves they stand on; empty shelves are left out."""
    found = [entry for entry in facade.catalogue() if _matches(entry, query.casefold())]
    named = [(str(label), [entry for entry in found if entry.category == value]) for value, label in Category.choices
             if only not in Category.values or value == only]  # fmt: skip
    return [(label, entries) for label, entries in named if entries]


def _matches(entry: Connector, query: str) -> bool:
    words = [
        entry.slug,
        entry.title,
        entry.description,
        entry.category.label,
        *(action.title for action in entry.actions),
    ]
    return all(any(part in str(word).casefold() for word in words) for part in query.split())


def _described(action: Action) -> dict[str, Any]:
    return {
        "action": action,
        "means": MEANS[action.effect],
        "inputs": _members(action.input_schema, sensitive={path.split(".")[0] for path in action.sensitive}),
        "outputs": _members(action.output_schema),
    }


def _members(schema: Any, *, sensitive: set[str] | None = None) -> list[dict[str, Any]]:
    shown = translated_schema(schema)
    required = set(shown.get("required", ()))
    return [
        {
            "name": name,
            "title": member.get("title") or name,
            "help": member.get("description", ""),
            "kind": _kind(member),
            "choices": [value for value in member.get("enum", ()) if value],
            "required": name in required,
            "sensitive": name in (sensitive or ()),
            "default": member.get("default", ""),
        }
        for name, member in (shown.get("properties") or {}).items()
    ]


def _kind(member: Any) -> str:
    kind = member.get("type", "")
    return str(KINDS.get(kind, _("Any value"))) if isinstance(kind, str) else _("Any value")
