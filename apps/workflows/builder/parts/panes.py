"""Which pane a key opens: ``:inputs``, ``:input:<name>``, ``:triggers``, ``:trigger:<name>``, ``:settings``, ``:estimate``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.html import strip_tags
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.core.templatetags.ui import micros
from apps.workflows.builder.classes import UNKNOWN, highest
from apps.workflows.builder.parts import inputs, settings, triggers
from apps.workflows.builder.parts.base import Pane, Seen, Wanted
from apps.workflows.builder.problems import pane_of, part_title

Json = Any
ESTIMATE = ":estimate"
Show = Callable[[Seen, str], Pane | None]
Save = Callable[[Seen, str, Mapping[str, Any]], Wanted]


def _show_estimate(seen: Seen, _name: str) -> Pane:
    rows = [{"row": row, "risk": seen.classes.get(row.step)} for row in seen.estimate.steps]
    held = sum(one.held for one in seen.classes.values())
    return Pane(template="estimate", context={"rows": rows, "highest": highest(seen.classes), "held": held})


PANES: Mapping[str, tuple[Show, Save | None]] = {
    "inputs": (inputs.show_list, inputs.save_list),
    "input": (inputs.show_one, inputs.save_one),
    "triggers": (triggers.show_list, triggers.save_list),
    "trigger": (triggers.show_one, triggers.save_one),
    "settings": (settings.show, settings.save),
    "estimate": (_show_estimate, None),
}


def is_part(key: str) -> bool:
    """Whether a key is not a step's id."""
    return key.startswith(":")


def show(seen: Seen, key: str) -> Pane | None:
    """The pane of a key; None when there is no such part (any more)."""
    kind, _colon, name = key[1:].partition(":")
    if kind not in PANES:
        return None
    return PANES[kind][0](seen, name)


def save(seen: Seen, key: str, sent: Mapping[str, Any]) -> Wanted:
    """What was sent for a part, as patches. Raises coded errors naming the field."""
    kind, _colon, name = key[1:].partition(":")
    doing = PANES.get(kind, (None, None))[1]
    if doing is None:
        return Wanted(patches=[], open=key)
    return doing(seen, name, sent)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One part of the workflow in the outline and the tool bar."""

    key: str
    title: str
    text: str
    icon: str
    problems: int = 0


def rows(seen: Seen) -> list[Row]:
    """What a workflow has beside its steps, each in a few words."""
    document = seen.draft.document
    places = [pane_of(one) for one in seen.findings if not one.step]
    lines = triggers.lines(seen)
    names = [line.title for line in inputs.lines(seen)]
    approvals = document.get("settings", {}).get("approvals") or {}
    started = ", ".join(line.words if line.clocked else line.title for line in lines[:3])
    return [
        Row(key=triggers.LIST, title=part_title(triggers.LIST), icon="zap", text=started or _("Only by hand"),
            problems=sum(one.startswith(":trigger") for one in places)),
        Row(key=inputs.LIST, title=part_title(inputs.LIST), icon="log-in", text=", ".join(names[:6]) or _("None"),
            problems=sum(one.startswith(":input") for one in places)),
        Row(key=settings.KEY, title=part_title(settings.KEY), icon="settings", text=_approvals_in_words(approvals),
            problems=sum(one == settings.KEY for one in places)),
        Row(key=ESTIMATE, title=part_title(ESTIMATE), icon="gauge", text=estimate_in_words(seen)),
    ]  # fmt: skip


def _approvals_in_words(approvals: Mapping[str, Json]) -> str:
    quorum = approvals.get("quorum", 1)
    if not approvals:
        return _("As usual")
    if not isinstance(quorum, int):
        return _("Approvals")
    return ngettext("%(n)d person must agree", "%(n)d people must agree", quorum) % {"n": quorum}


def estimate_in_words(seen: Seen) -> str:
    """Cost and class of a run, in a few words."""
    cost = strip_tags(micros(seen.estimate.micros))
    if seen.estimate.unknown:
        cost = _("%(cost)s and more") % {"cost": cost}
    risk = highest(seen.classes)
    name = _("class not known") if risk == UNKNOWN else _("Class %(name)s") % {"name": risk}
    return f"{cost} · {name}"
