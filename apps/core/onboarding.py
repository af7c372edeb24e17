"""The way from a new workspace to the first answer: steps the apps offer, each ticking itself off from data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise

from apps.core.registry import Registry

Text = str | Promise


@dataclass(frozen=True, kw_only=True)
class OnboardingStep:
    """One step. ``title`` says what to do, ``text`` why it pays, ``action`` is the button that leads to ``url_name``.

    ``is_done(user_id)`` reads the current tenant's data with one query. ``permission`` hides the step from others.
    ``advice`` is the same as one sentence to a person who asks what to do next.
    """

    name: str
    order: int
    title: Text
    text: Text
    action: Text
    advice: Text
    url_name: str
    icon: str
    permission: str
    is_done: Callable[[int], bool]


@dataclass(frozen=True, kw_only=True)
class StepState:
    """A step and whether it is done; ``is_next`` marks the first that is not."""

    step: OnboardingStep
    is_done: bool
    is_next: bool


onboarding_steps: Registry[OnboardingStep] = Registry(
    name="onboarding steps", entry_type=OnboardingStep, key=lambda step: step.name
)


def list_steps(permissions: frozenset[str], *, user_id: int) -> list[StepState]:
    """The steps this person may do, in order, measured now."""
    states: list[StepState] = []
    for step in sorted(onboarding_steps, key=lambda one: one.order):
        if step.permission in permissions:
            done = step.is_done(user_id)
            is_next = not done and not any(state.is_next for state in states)
            states.append(StepState(step=step, is_done=done, is_next=is_next))
    return states


def next_step(permissions: frozenset[str], *, user_id: int) -> OnboardingStep | None:
    """What this person should do next in the current tenant, or None when everything is done."""
    return next((state.step for state in list_steps(permissions, user_id=user_id) if state.is_next), None)
