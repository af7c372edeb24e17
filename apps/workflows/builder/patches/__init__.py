"""The verbs with which a draft is changed, whoever speaks them: the canvas, the outline, a form, a program. Pure.

``apply_patches(document, patches)`` gives a new document and never touches the old one. A draft may be unfinished, so meaning
is not checked here (``validate`` does); its basic shape is, so that every page can rely on it.
"""

import copy
from collections.abc import Callable, Mapping, Sequence

from apps.workflows.builder.patches.base import BLANK, Document, Json, PatchRefused, check_shape
from apps.workflows.builder.patches.inputs import move_input, rename_input, require_input, set_input
from apps.workflows.builder.patches.inside import update_step
from apps.workflows.builder.patches.parts import set_part, set_settings, set_trigger
from apps.workflows.builder.patches.steps import (
    add_step,
    connect,
    disconnect,
    free_id,
    move,
    paste,
    relocate,
    remove_step,
    rename_step,
    set_start,
)

__all__ = ["BLANK", "VERBS", "PatchRefused", "apply_patches", "check_shape", "free_id"]

MAX_PATCHES = 200


def apply_patches(document: Mapping[str, Json], patches: Sequence[Json], *, rename_taken: bool = False) -> Document:
    """A new document with all patches applied, or none: raises ``PatchRefused`` naming the first that does not fit.

    With ``rename_taken`` a new step whose id somebody else took meanwhile gets another id, and later patches follow it.
    """
    if not isinstance(patches, list | tuple) or not 1 <= len(patches) <= MAX_PATCHES:
        raise PatchRefused("patches_count", "patches", limit=str(MAX_PATCHES))
    result = copy.deepcopy(dict(document))
    aliases: dict[str, str] = {}
    for index, patch in enumerate(patches):
        op = patch.get("op") if isinstance(patch, Mapping) else None
        verb = VERBS.get(op) if isinstance(op, str) else None
        if verb is None:
            raise PatchRefused("unknown_patch", f"patches.{index}.op", op=str(op)[:40])
        wanted = {key: _aliased(value, aliases) if key in NAMES else value for key, value in patch.items()}
        if rename_taken and op == "add_step" and wanted.get("id") in result["steps"]:
            aliases[wanted["id"]] = wanted["id"] = free_id(result["steps"], wanted["id"])
        try:
            verb(result, wanted)
        except PatchRefused as refusal:
            raise PatchRefused(refusal.code, f"patches.{index}.{refusal.place}".rstrip("."), **refusal.params) from None
    return result


NAMES = ("id", "step", "target", "after", "ids", "positions")


def _aliased(value: Json, aliases: Mapping[str, str]) -> Json:
    if isinstance(value, str):
        return aliases.get(value, value)
    if isinstance(value, Mapping):
        return {_aliased(key, aliases): _aliased(child, aliases) for key, child in value.items()}
    return [_aliased(child, aliases) for child in value] if isinstance(value, list) else value


VERBS: dict[str, Callable[[Document, Mapping[str, Json]], None]] = {
    verb.__name__: verb
    for verb in (
        add_step, remove_step, relocate, update_step, connect, disconnect, move, rename_step, set_start, set_part, set_settings,
        set_trigger, paste, set_input, require_input, move_input, rename_input,
    )
}  # fmt: skip
