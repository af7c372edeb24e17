"""Who may open an address, said on the view itself, so that a test can find the address nobody thought about.

Function views carry a decorator (``public``, ``signed_by``, or a guard of ``accounts`` that sets ``access_policy``);
class views set the attribute ``access_policy``; API views name ``permission_classes``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

View = TypeVar("View", bound=Callable[..., Any])


class Access(StrEnum):
    """What lets a caller in."""

    PUBLIC = "public"
    SIGNED_IN = "signed_in"
    PERMISSION = "permission"
    STAFF = "staff"
    SIGNATURE = "signature"


@dataclass(frozen=True, kw_only=True)
class Policy:
    """``detail`` is the permission code, the signature's kind, or why the address is open to everyone."""

    access: Access
    detail: str


def declares(policy: Policy) -> Callable[[View], View]:
    """Mark a view with its policy; the marking enforces nothing, guards that enforce use it."""

    def mark(view: View) -> View:
        view.access_policy = policy  # type: ignore[attr-defined]
        return view

    return mark


def public(*, reason: str) -> Callable[[View], View]:
    """Open to everyone, because of ``reason``."""
    return declares(Policy(access=Access.PUBLIC, detail=reason))


def signed_by(scheme: str) -> Callable[[View], View]:
    """Open to whoever proves the request with a signature the view itself checks (webhooks)."""
    return declares(Policy(access=Access.SIGNATURE, detail=scheme))


def policy_of(callback: Any) -> Policy | None:
    """The policy a URL callback declares, looked up on the function, its class view or its API view; None when silent."""
    for holder in (callback, getattr(callback, "view_class", None), getattr(callback, "cls", None)):
        declared = getattr(holder, "access_policy", None)
        if isinstance(declared, Policy):
            return declared
    api_view = getattr(callback, "cls", None)
    if api_view is not None and "permission_classes" in _own_attributes(api_view):
        names = ", ".join(getattr(one, "__qualname__", repr(one)) for one in api_view.permission_classes)
        return Policy(access=Access.PERMISSION, detail=names) if names else None
    return None


def _own_attributes(view: type) -> set[str]:
    """Attributes the view's classes set themselves, frameworks' base classes left out."""
    return {name for base in view.__mro__ if not base.__module__.startswith("rest_framework") for name in vars(base)}
