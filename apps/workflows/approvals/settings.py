"""How a step asks: its own ``approval`` over the workflow's ``settings.approvals`` over what is usual. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

DAY_S = 86_400
EXPIRES_S = 3 * DAY_S
REMIND_S = DAY_S
VALID_S = DAY_S
LONGEST_S = 90 * DAY_S
MAX_QUORUM = 20


@dataclass(frozen=True, kw_only=True)
class Asking:
    """Who may decide (roles, user ids; both empty: everybody who may decide at all), how many must agree, and until when.

    Seconds count from the asking. ``escalate_to`` holds roles and user ids that may decide too from ``escalate_s`` on; without it
    two thirds of the time. ``required``: ask whatever the class is.
    """

    quorum: int = 1
    expires_s: int = EXPIRES_S
    remind_s: int = REMIND_S
    escalate_s: int = 0
    escalate_to: tuple[str | int, ...] = ()
    roles: tuple[str, ...] = ()
    users: tuple[int, ...] = ()
    allow_self: bool = True
    delegate: bool = True
    required: bool = False


def asking_for(*layers: Mapping[str, Any] | None) -> Asking:
    """Merge settings, later layers over earlier ones; what is out of bounds is brought back into them."""
    said: dict[str, Any] = {}
    for layer in layers:
        said |= {name: value for name, value in dict(layer or {}).items() if value is not None}
    usual = Asking()
    expires = _within(said.get("expires_s", usual.expires_s), 60, LONGEST_S)
    return Asking(
        quorum=_within(said.get("quorum", usual.quorum), 1, MAX_QUORUM),
        expires_s=expires,
        remind_s=_within(said.get("remind_s", usual.remind_s), 60, LONGEST_S),
        escalate_s=_within(said.get("escalate_s", expires * 2 // 3), 60, LONGEST_S),
        escalate_to=(said_to,) if isinstance(said_to := said.get("escalate_to", ()), str) else tuple(said_to),
        roles=tuple(str(role) for role in said.get("roles", ())),
        users=tuple(int(user) for user in said.get("users", ())),
        allow_self=bool(said.get("allow_self", usual.allow_self)),
        delegate=bool(said.get("delegate", usual.delegate)),
        required=said.get("require") == "always",
    )


def settings_of(raw: Mapping[str, Any], step_id: str) -> Asking:
    """What a definition says for one of its steps."""
    step = raw.get("steps", {}).get(step_id, {})
    return asking_for((raw.get("settings") or {}).get("approvals"), step.get("approval"))


def _within(value: Any, low: int, high: int) -> int:
    return max(low, min(int(value), high))
