"""The shelf of problems the validator names: what each means, the smallest example, how to mend it."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.reference import Cell, Entry, Part
from apps.workflows.core.problems import CATALOGUE, ERROR, INFO, WARNING
from apps.workflows.manual.problem_examples import EXAMPLES, Shown
from apps.workflows.manual.schemas import as_json
from apps.workflows.problem_texts import TITLES
from apps.workflows.triggers.types import RULE_TEXTS

GRAVITY: Mapping[str, Any] = {
    ERROR: gettext_lazy("Error: it has to be mended before the workflow can be published."),
    WARNING: gettext_lazy("Warning: the workflow can be published; read what it says first."),
    INFO: gettext_lazy("Advice: nothing is wrong."),
}
# Problems that are not in the validator's catalogue: those of triggers beyond RULE_TEXTS, and of an empty draft.
SAID: Mapping[str, Any] = {
    **RULE_TEXTS,
    "no_steps": gettext_lazy("There are no steps yet. Add the first one."),
    "unknown_trigger_type": gettext_lazy("Choose one of the trigger types."),
    "header_needed": gettext_lazy("Name the header that carries the signature."),
    "unknown_event": gettext_lazy("Choose an event out of the list of events."),
    "trigger_loop": gettext_lazy("A workflow cannot be started by its own runs. Choose another workflow."),
}


def problem_codes() -> list[str]:
    """Every code a problem can have."""
    return [*CATALOGUE, *(code for code in SAID if code not in CATALOGUE)]


def list_problems() -> list[Entry]:
    """Every code by name."""
    return [_entry(code) for code in sorted(problem_codes())]


def _entry(code: str) -> Entry:
    shown = EXAMPLES.get(code)
    return Entry(
        slug=code, mark=code, title=str(TITLES[code]), summary=_meaning(code, shown), icon="circle-alert",
        parts=lambda: _parts(code, shown), words=_mend(code),
    )  # fmt: skip


def _meaning(code: str, shown: Shown | None) -> str:
    if shown is not None and shown.meaning:
        return _(shown.meaning)
    return str(SAID[code]) if code in SAID else _(CATALOGUE[code].message)


def _mend(code: str) -> str:
    return _(CATALOGUE[code].suggestion) if code in CATALOGUE else str(SAID[code])


def _parts(code: str, shown: Shown | None) -> tuple[Part, ...]:
    gravity = CATALOGUE[code].severity if code in CATALOGUE else ERROR
    facts = [
        (_("Name in a definition's problems"), Cell(text=code, is_code=True)),
        (_("How bad"), Cell(text=str(GRAVITY[gravity]))),
    ]
    if code in CATALOGUE and "%(detail)s" not in CATALOGUE[code].message:
        facts.append((_("What it says"), Cell(text=_readable(_(CATALOGUE[code].message)))))
    facts.append((_("What to do"), Cell(text=_mend(code))))
    parts = [Part(facts=tuple(facts))]
    if shown is not None:
        parts += [
            Part(title=_("Wrong"), code=shown.wrong if isinstance(shown.wrong, str) else as_json(shown.wrong)),
            Part(title=_("Mended"), code=as_json(shown.right)),
        ]
    return tuple(parts)


def _readable(message: str) -> str:
    """The message with its places as dots."""
    found = message
    for name in ("target", "type", "name", "step", "path", "loop", "field", "kind", "source", "limit"):
        found = found.replace(f"%({name})s", "…")
    return found
