"""The shelf about the definition itself: the published JSON Schema, field by field."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from apps.core.reference import Entry, Part
from apps.workflows.core.schema import APPROVAL, MAX_BYTES, MAX_DEPTH, SCHEMA, STEP, TRIGGER
from apps.workflows.manual.examples import example_of
from apps.workflows.manual.schemas import as_json, table_of
from apps.workflows.palette import plain

# The schema is English, as it is published; these are its words for people.
SAID = {
    "document": (
        noop("The document"),
        noop("What a workflow is made of: a start, steps, settings, triggers and what it gives back."),
    ),
    "step": (noop("A step"), noop("What every step may say of itself, and what only some types of steps may say.")),
    "approvals": (
        noop("Approval settings"),
        noop("How acts that need a person are decided: for the whole workflow or for one step."),
    ),
    "trigger": (
        noop("A trigger"),
        noop("One thing that starts the workflow; its own settings are on the page of its type."),
    ),
}


def _flat(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        **schema,
        "properties": {
            name: {word: value for word, value in one.items() if word not in ("properties", "items")}
            for name, one in schema["properties"].items()
        },
    }


PARTS: Mapping[str, Mapping[str, Any]] = {
    "document": _flat(SCHEMA), "step": STEP, "approvals": APPROVAL, "trigger": TRIGGER,
}  # fmt: skip


def list_parts() -> list[Entry]:
    """The parts of a definition, from the outside in."""
    return [
        Entry(
            slug=slug, title=_(title), summary=_(summary), mark=slug, icon="file-text",
            words=" ".join(PARTS[slug]["properties"]), parts=partial(_parts, slug),
        )
        for slug, (title, summary) in SAID.items()
    ]  # fmt: skip


def _parts(slug: str) -> tuple[Part, ...]:
    table = table_of(plain(PARTS[slug]), title="", intro=_(SAID[slug][1]))
    if slug != "document":
        return (table,)
    limits = _("At most %(kilobytes)s KiB, %(depth)s levels deep and 200 steps. A version never changes once it is published.") % {
        "kilobytes": MAX_BYTES // 1024, "depth": MAX_DEPTH,
    }  # fmt: skip
    schema = Part(
        texts=(limits, _("The JSON Schema is published; editors and programs can check a definition against it.")),
        link=(_("Open the JSON Schema"), reverse("workflows_public:definition_schema", "echopilot.urls_public")),
    )
    return (table, schema, Part(title=_("Example"), code=as_json(example_of("condition", {}))))
