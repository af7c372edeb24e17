"""Verbs that change what belongs to the whole workflow: its parts, its settings, what starts it. Pure."""

import copy
from collections.abc import Mapping

from apps.workflows.builder.patches.base import STEP_ID, Document, Json, PatchRefused, object_of, text_of

PARTS = ("inputs", "output", "notes", "settings")


def set_part(document: Document, patch: Mapping[str, Json]) -> None:
    """Set or, without ``value``, remove the workflow's inputs schema, output, notes or settings."""
    part = patch.get("part")
    if part not in PARTS:
        raise PatchRefused("bad_part", "part")
    if "value" not in patch:
        document.pop(part, None)
        return
    value = patch["value"]
    if part in ("inputs", "settings"):
        value = object_of(value, "value")
    document[part] = text_of(value, "value", 10_000) if part == "notes" else copy.deepcopy(value)


def set_settings(document: Document, patch: Mapping[str, Json]) -> None:
    """Set one of the workflow's settings, or remove it without ``value``."""
    name = patch.get("name")
    if not isinstance(name, str) or not 1 <= len(name) <= 60:
        raise PatchRefused("bad_path", "name")
    settings = document.setdefault("settings", {})
    if "value" in patch:
        settings[name] = copy.deepcopy(patch["value"])
    else:
        settings.pop(name, None)
    if not settings:
        del document["settings"]


def set_trigger(document: Document, patch: Mapping[str, Json]) -> None:
    """Set one trigger, or remove it without ``value``."""
    name = patch.get("id")
    if not isinstance(name, str) or not STEP_ID.match(name):
        raise PatchRefused("bad_step_id", "id")
    triggers = document.setdefault("triggers", {})
    if patch.get("value") is not None:
        value = object_of(patch["value"], "value")
        if not isinstance(value.get("type"), str):
            raise PatchRefused("bad_type", "value")
        triggers[name] = value
    else:
        triggers.pop(name, None)
    if not triggers:
        del document["triggers"]
