"""The catalogue of remedies: a pattern of errors and the change that answers it. Pure; nothing is applied here.

Each remedy takes the failing definition and what is known of the error and gives a candidate definition, or None when it does not
fit. Words for people are in ``wording``; ``params`` are what they name.
"""

import copy
import difflib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from apps.workflows.core.regions import reachable
from apps.workflows.core.values import PLACEHOLDER

TIMEOUTS = frozenset({"timeout", "read_timeout", "http_408", "http_504", "remote_outcome_unknown"})
THROTTLES = frozenset({"http_429", "http_425", "connector_rate_limited", "breaker_open", "connector_paused"})
OUTAGES = frozenset({
    "remote_unavailable", "connection_failed", "connection_broken", "unavailable", "model_call_failed", "no_model_available",
    "http_500", "http_502", "http_503",
})  # fmt: skip
BROKEN_ACCESS = frozenset({
    "credentials_refused", "connection_on_hold", "connection_unknown", "connector_access_missing", "http_401", "http_403",
})  # fmt: skip
MISSING = re.compile(r"Nothing is found at '([^']+)'")
MOST_SECONDS = 600.0
MOST_ATTEMPTS = 20
MOST_VISITS = 1000
ASKING = "approval"
Definition = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What keeps happening: the step, the error, and what runs have on record to mend it from.

    ``known`` are the paths that led somewhere in runs (``inputs.name``, ``steps.a.output.text``). ``timeout_s`` is the step
    type's own limit.
    """

    step_id: str
    code: str
    message: str = ""
    timeout_s: float = 30.0
    max_attempts: int = 8
    known: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Cure:
    """A candidate (None: only a person can help), and what to say about it."""

    remedy: str
    definition: Definition | None
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Remedy:
    """``fits`` tells by the error's code, ``make`` gives the candidate or None."""

    key: str
    fits: Callable[[str], bool]
    make: Callable[[Definition, Fault], Cure | None]


def cures(definition: Mapping[str, Any], fault: Fault) -> Iterator[Cure]:
    """Candidates for a fault, the most fitting first."""
    if fault.step_id not in definition.get("steps", {}):
        return
    for remedy in CATALOGUE:
        if remedy.fits(fault.code) and (cure := remedy.make(copy.deepcopy(dict(definition)), fault)) is not None:
            yield cure


def _reconnect(definition: Definition, fault: Fault) -> Cure:
    return Cure(remedy="reconnect", definition=None, params={"step": fault.step_id})


def _more_time(definition: Definition, fault: Fault) -> Cure | None:
    step = definition["steps"][fault.step_id]
    now = float(step.get("timeout_s") or fault.timeout_s)
    longer = min(MOST_SECONDS, now * 2)
    if longer <= now:
        return None
    step["timeout_s"] = int(longer) if longer == int(longer) else longer
    return Cure(remedy="more_time", definition=definition, params={"before": now, "after": longer})


def _more_patience(definition: Definition, fault: Fault) -> Cure | None:
    step = definition["steps"][fault.step_id]
    now = int(step.get("retry", {}).get("max_attempts") or fault.max_attempts)
    more = min(MOST_ATTEMPTS, max(now + 4, now * 2))
    if more <= now:
        return None
    step["retry"] = {**step.get("retry", {}), "max_attempts": more, "base_s": 5.0, "cap_s": 900.0}
    return Cure(remedy="more_patience", definition=definition, params={"before": now, "after": more})


def _renamed(definition: Definition, fault: Fault) -> Cure | None:
    missing = _missing_path(fault)
    if missing is None:
        return None
    stem, _dot, leaf = missing.rpartition(".")
    siblings = {path.rpartition(".")[2] for path in fault.known if path.rpartition(".")[0] == stem}
    close = difflib.get_close_matches(leaf, sorted(siblings), n=1, cutoff=0.7) or [
        one for one in sorted(siblings) if _plain(one) == _plain(leaf)
    ]
    if not close:
        return None
    renamed = f"{stem}.{close[0]}"
    step = definition["steps"][fault.step_id]
    definition["steps"][fault.step_id] = _replaced(step, missing, renamed)
    if definition["steps"][fault.step_id] == step:
        return None
    return Cure(remedy="renamed", definition=definition, params={"before": missing, "after": renamed})


def _with_default(definition: Definition, fault: Fault) -> Cure | None:
    missing = _missing_path(fault)
    if missing is None:
        return None
    step = definition["steps"][fault.step_id]
    changed = _defaulted(step, missing)
    if changed == step:
        return None
    definition["steps"][fault.step_id] = changed
    return Cure(remedy="default", definition=definition, params={"path": missing})


def _steady(definition: Definition, fault: Fault) -> Cure | None:
    step = definition["steps"][fault.step_id]
    settings = step.get("with", {})
    if not str(step.get("type", "")).startswith("ai.generate") or settings.get("temperature") == 0:
        return None
    step["with"] = {**settings, "temperature": 0}
    return Cure(remedy="steady", definition=definition, params={})


def _more_rounds(definition: Definition, fault: Fault) -> Cure | None:
    step = definition["steps"][fault.step_id]
    now = int(step.get("max_visits") or 25)
    more = min(MOST_VISITS, now * 2)
    if more <= now:
        return None
    step["max_visits"] = more
    return Cure(remedy="more_rounds", definition=definition, params={"before": now, "after": more})


def _ask_person(definition: Definition, fault: Fault) -> Cure | None:
    """Where nothing else helps: somebody looks, then the step is tried again."""
    step = definition["steps"][fault.step_id]
    asking = f"look_after_{fault.step_id}"[:60]
    if step.get("on_error") or asking in definition["steps"] or step.get("type") in ("switch", "parallel", "join"):
        return None
    step["on_error"] = asking
    definition["steps"][asking] = {
        "type": "wait_event",
        "title": "A person looks",
        "with": {"event": f"looked_{fault.step_id}"[:80], "accept_early": False, "summary": fault.code},
        "next": fault.step_id,
    }
    return Cure(remedy="ask_person", definition=definition, params={"step": fault.step_id})


def _missing_path(fault: Fault) -> str | None:
    found = MISSING.search(fault.message)
    return found.group(1) if found and "." in found.group(1) else None


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def _replaced(node: Any, old: str, new: str) -> Any:
    """A copy of a value in which references to ``old`` and below lead to ``new``."""
    if isinstance(node, Mapping):
        if isinstance(node.get("$ref"), str):
            return {**node, "$ref": _moved(node["$ref"], old, new)}
        if isinstance(node.get("$text"), str):
            text = PLACEHOLDER.sub(lambda match: "{{" + _moved(match.group(1).strip(), old, new) + "}}", node["$text"])
            return {**node, "$text": text}
        return {key: _replaced(child, old, new) for key, child in node.items()}
    if isinstance(node, list):
        return [_replaced(child, old, new) for child in node]
    return node


def _moved(path: str, old: str, new: str) -> str:
    return new + path[len(old) :] if path == old or path.startswith(f"{old}.") else path


def _defaulted(node: Any, path: str) -> Any:
    if isinstance(node, Mapping):
        if node.get("$ref") == path and "default" not in node:
            return {**node, "default": ""}
        return {key: _defaulted(child, path) for key, child in node.items()}
    if isinstance(node, list):
        return [_defaulted(child, path) for child in node]
    return node


CATALOGUE = (
    Remedy(key="reconnect", fits=BROKEN_ACCESS.__contains__, make=_reconnect),
    Remedy(key="more_time", fits=TIMEOUTS.__contains__, make=_more_time),
    Remedy(key="more_patience", fits=(THROTTLES | OUTAGES | TIMEOUTS).__contains__, make=_more_patience),
    Remedy(key="renamed", fits=lambda code: code == "reference_missing", make=_renamed),
    Remedy(key="default", fits=lambda code: code == "reference_missing", make=_with_default),
    Remedy(key="steady", fits=lambda code: code == "unusable_answer", make=_steady),
    Remedy(key="more_rounds", fits=lambda code: code == "visit_limit", make=_more_rounds),
    Remedy(
        key="ask_person", fits=lambda code: code not in BROKEN_ACCESS | {"cancelled", "engine_error"}, make=_ask_person
    ),
)


def class_of_change(before: Mapping[str, Any], after: Mapping[str, Any], *, is_outside: Callable[[str], bool]) -> str:
    """Who may accept a change: "A" only patience (time limits, retries), "C" what reaches outside, approvals, triggers or
    recipients or can lead there, "B" the rest. ``is_outside`` tells whether a step type has an effect outside; an unknown one has.
    Never too low."""
    old, new = before.get("steps", {}), after.get("steps", {})
    guarded = ("settings", "triggers", "start", "output", "inputs")
    if any(before.get(name) != after.get(name) for name in guarded) or set(old) - set(new):
        return "C"
    touched: set[str] = set()
    for step_id, body in new.items():
        past = old.get(step_id)
        if past == body:
            continue
        changed = {name for name in {*(past or ()), *body} if (past or {}).get(name) != body.get(name)}
        if past is not None and changed <= {"timeout_s", "retry"}:
            continue
        if past is not None and changed & {"approval", "type"}:
            return "C"
        touched.add(step_id)
    guarded_steps = (
        steps[later]
        for steps in (old, new)
        for step_id in touched & steps.keys()
        for later in reachable(steps, step_id)
    )
    if any(body.get("type") == ASKING or is_outside(body.get("type", "")) for body in guarded_steps):
        return "C"
    return "B" if touched else "A"
