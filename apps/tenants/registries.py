"""What other apps offer to tenancy."""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise

from apps.core.registry import Registry


@dataclass(frozen=True, kw_only=True)
class KnownFlag:
    """A switch the code asks for. ``help`` says what a workspace gets when it is on. Off until somebody turns it on."""

    name: str
    title: str | Promise
    help: str | Promise


feature_flags: Registry[KnownFlag] = Registry(name="feature flags", entry_type=KnownFlag, key=lambda flag: flag.name)


@dataclass(frozen=True, kw_only=True)
class CloneStep:
    """What an app does in a fresh copy of a workspace, in its context and before it is committed: end what must not go on there."""

    name: str
    run: Callable[[], object]


clone_steps: Registry[CloneStep] = Registry(name="clone steps", entry_type=CloneStep, key=lambda step: step.name)


@dataclass(frozen=True, kw_only=True)
class TenantFigure:
    """One figure about a workspace for staff, measured in its context with one query: counts and sums, never content."""

    name: str
    label: str | Promise
    order: int
    measure: Callable[[], str | int]


tenant_figures: Registry[TenantFigure] = Registry(
    name="tenant figures", entry_type=TenantFigure, key=lambda figure: figure.name
)
