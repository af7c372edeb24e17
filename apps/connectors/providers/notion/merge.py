"""Three-way comparison of one row, column by column: what we wish, what it was based on, what is there now. Pure.

A wish is ``{"value": ours, "base": what the column held when the wish was made (absent = not known), "tried": [values we may
have written already]}``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = Any
Wish = dict[str, Json]


@dataclass(frozen=True)
class Clash:
    """A cell both sides changed."""

    property: str
    ours: Json
    theirs: Json
    base: Json


@dataclass(frozen=True)
class Merge:
    """``writes`` may be sent, ``agreed`` is already so, ``clashes`` must not be sent, ``absent`` columns are not there."""

    writes: dict[str, Json] = field(default_factory=dict)
    agreed: tuple[str, ...] = ()
    clashes: tuple[Clash, ...] = ()
    absent: tuple[str, ...] = ()


def merge(wishes: Mapping[str, Wish], current: Mapping[str, Json], blanks: Mapping[str, Json]) -> Merge:
    """Decide every wished column. ``blanks`` are the values of unfilled cells.

    A column is written only when it still holds its base, a value of ours, or, with no base known, nothing.
    """
    writes: dict[str, Json] = {}
    agreed, clashes, absent = [], [], []
    for name, wish in wishes.items():
        ours = wish["value"]
        if name not in current:
            absent.append(name)
            continue
        theirs = current[name]
        if theirs == ours:
            agreed.append(name)
        elif theirs == wish.get("base", blanks.get(name)) or theirs in wish.get("tried", ()):
            writes[name] = ours
        else:
            clashes.append(Clash(property=name, ours=ours, theirs=theirs, base=wish.get("base")))
    return Merge(writes=writes, agreed=tuple(agreed), clashes=tuple(clashes), absent=tuple(absent))


def add_wish(
    known: Mapping[str, Wish], name: str, value: Json, *, base: Json = ..., told: bool = False
) -> dict[str, Wish]:
    """The wishes with one more. A pending wish for the column keeps its older base, unless the caller says what it was told.

    ``base`` ``...`` = not known. ``told``: ``base`` is what the caller decided on, so it replaces the older one.
    """
    pending = known.get(name)
    wish: Wish = {"value": value, "tried": list(pending["tried"]) if pending else []}
    if pending and not told:
        if "base" in pending:
            wish["base"] = pending["base"]
    elif base is not ...:
        wish["base"] = base
    return {**known, name: wish}
