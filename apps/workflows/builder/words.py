"""Changes of a draft in words, for whoever has to choose between two people's work."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

Json = Any


def words_of(patches: Sequence[Mapping[str, Json]], titles: Mapping[str, str]) -> list[str]:
    """One line for each patch, doubled ones once, at most eight and then how many more."""
    lines = list(dict.fromkeys(_line(patch, titles) for patch in patches))
    if len(lines) > 8:
        more = len(lines) - 7
        return [*lines[:7], ngettext("and %(n)d more change", "and %(n)d more changes", more) % {"n": more}]
    return lines


def _line(patch: Mapping[str, Json], titles: Mapping[str, str]) -> str:
    op, step = patch.get("op"), str(patch.get("step") or patch.get("id") or "")
    names = {
        "name": str(patch.get("name") or ""),
        "step": titles.get(step, step),
        "to": titles.get(str(patch.get("target")), str(patch.get("target") or patch.get("to") or "")),
    }
    texts = {
        "add_step": _("Added the step “%(step)s”"),
        "remove_step": _("Removed the step “%(step)s”"),
        "relocate": _("Moved the step “%(step)s” to another place"),
        "update_step": _("Changed settings of “%(step)s”"),
        "connect": _("Connected “%(step)s” to “%(to)s”"),
        "disconnect": _("Cut a way out of “%(step)s”"),
        "move": _("Moved steps on the canvas"),
        "rename_step": _("Renamed “%(step)s” to “%(to)s”"),
        "set_start": _("Made “%(step)s” the first step"),
        "set_part": _("Changed the inputs, output or notes of the workflow"),
        "set_settings": _("Changed the settings of the workflow"),
        "set_trigger": _("Changed what starts the workflow"),
        "set_input": _("Changed the input “%(name)s”"),
        "require_input": _("Changed whether the input “%(name)s” must be given"),
        "move_input": _("Moved the input “%(name)s” to another place"),
        "rename_input": _("Renamed the input “%(name)s” to “%(to)s”"),
        "paste": _("Pasted steps"),
        "replace": _("Replaced the whole draft"),
        "undo": _("Took a change back"),
        "redo": _("Made a change again"),
    }
    return texts.get(str(op), str(op)) % names
