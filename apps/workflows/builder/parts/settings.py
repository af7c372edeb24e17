"""The settings of a workflow: how acts that need a person are decided."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from apps.workflows.builder.changes import same
from apps.workflows.builder.fields import MISSING, Reader, build
from apps.workflows.builder.parts.approving import worded
from apps.workflows.builder.parts.base import Pane, Seen, Wanted, place_findings
from apps.workflows.core.schema import APPROVAL

Json = Any
KEY, NAME = ":settings", "approvals"


def show(seen: Seen, _name: str) -> Pane:
    """All of them with what they mean and their defaults."""
    node = worded(build(NAME, APPROVAL, _given(seen)))
    node.label, node.help = (
        _("Approvals"),
        _("How acts that need a person are decided, unless a step has rules of its own."),
    )
    return Pane(
        template="settings", context={"node": node, "problems": place_findings([node], seen.findings, below="settings")}
    )


def save(seen: Seen, _name: str, sent: Mapping[str, Any]) -> Wanted:
    """The form as one patch; nothing given at all takes the settings away."""
    old = _given(seen)
    found = Reader(sent, add=sent.get("_add", ""), remove=sent.get("_remove", "")).value(NAME, APPROVAL, old)
    if found is MISSING:
        patches = [{"op": "set_settings", "name": NAME}] if old is not None else []
    else:
        patches = [] if same(found, old) else [{"op": "set_settings", "name": NAME, "value": found}]
    return Wanted(patches=patches, open=KEY)


def _given(seen: Seen) -> Json:
    return seen.draft.document.get("settings", {}).get(NAME)
