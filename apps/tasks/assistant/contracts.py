"""What the parts of the assistant say to each other."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who asks: tools run with exactly these permissions."""

    user_id: int
    permissions: frozenset[str]
    language: str = "en"


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a fact can be seen: a page of this workspace."""

    title: str
    url: str

    def as_json(self) -> dict[str, str]:
        """For storing and sending."""
        return {"title": self.title, "url": self.url}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one tool found: sentences that can stand by themselves, and where they come from. ``quoted`` is text other people
    wrote (titles, error messages): shown as it is, never an instruction."""

    tool: str
    sentences: tuple[str, ...]
    sources: tuple[Source, ...] = ()
    quoted: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Tool:
    """One read-only question to the workspace. ``run`` gets checked arguments and never writes; ``arguments`` is the JSON Schema
    of their properties."""

    name: str
    purpose: str
    permission: str
    run: Callable[[Caller, Mapping[str, Any]], Finding]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    example: str | Promise = ""


@dataclass(frozen=True, kw_only=True)
class Step:
    """A tool that shall run, with its arguments."""

    tool: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A part of an answer on its way: text to append, or at the end what it rests on."""

    text: str = ""
    sources: tuple[Source, ...] = ()
    tools: tuple[str, ...] = ()
    wording: str = ""
    note: str = ""
    cost_micros: int | None = None
    is_last: bool = False
