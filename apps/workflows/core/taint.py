"""Which sensitive settings may be filled by what a model or a stranger wrote, found by reading the definition.

Untrusted are the answers of models, what came in from outside (a webhook, a mail, an event) and the bodies of HTTP responses. What
is computed from something untrusted is untrusted too. A classification is not: its label comes from a closed list. Nor is the way a
switch or condition takes, because people wrote the ways.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from apps.workflows.core.conditions import condition_references
from apps.workflows.core.regions import body_of
from apps.workflows.core.values import Json, references

# Triggers whose data strangers write; a run's inputs are untrusted as soon as the workflow has one of them.
OUTSIDE_TRIGGERS = frozenset({"webhook", "email", "event", "connector"})
CONTROL_SOURCES = frozenset({"switch", "condition", "parallel", "join"})


@dataclass(frozen=True, kw_only=True, slots=True)
class StepFacts:
    """What is known of a step type: its config's schema, its sensitive settings (path -> kind), and whose words its output is.

    ``untrusted``: written by a model or a stranger. ``closed``: one of fixed values, whatever went in. ``trusted_outputs`` are
    fields of the output that are closed although the rest is not. ``asks``: a person can be asked before it acts; without that an
    untrusted value in a sensitive setting is a mistake.
    """

    config_schema: Mapping[str, Json] = field(default_factory=dict)
    sensitive: Mapping[str, str] = field(default_factory=dict)
    untrusted: bool = False
    closed: bool = False
    trusted_outputs: frozenset[str] = frozenset()
    asks: bool = True


def tainted_fields(definition: Mapping[str, Json], *, facts: Mapping[str, StepFacts]) -> dict[str, dict[str, str]]:
    """``{step: {sensitive field: where the untrusted value comes from}}`` for a valid definition, without steps that have none."""
    sources = tainted_steps(definition, facts=facts)
    inputs = untrusted_inputs(definition)
    found: dict[str, dict[str, str]] = {}
    for step_id, body in definition["steps"].items():
        known = facts.get(body["type"])
        for path in known.sensitive if known else ():
            for value in _at(body.get("with", {}), tuple(path.split("."))):
                reason = _reason(definition, step_id, references(value), sources, facts, inputs=inputs)
                if reason:
                    found.setdefault(step_id, {})[path] = reason
    return found


def untrusted_inputs(definition: Mapping[str, Json]) -> bool:
    """Whether strangers may write a run's inputs."""
    return any(trigger.get("type") in OUTSIDE_TRIGGERS for trigger in definition.get("triggers", {}).values())


def tainted_steps(definition: Mapping[str, Json], *, facts: Mapping[str, StepFacts]) -> dict[str, str]:
    """``{step: why}`` for every step whose output somebody untrusted may have written."""
    steps = definition["steps"]
    inputs = untrusted_inputs(definition)
    found = {
        step_id: f"steps.{step_id}"
        for step_id, body in steps.items()
        if body["type"] in facts and facts[body["type"]].untrusted
    }
    while True:
        fresh = {}
        for step_id, body in steps.items():
            known = facts.get(body["type"])
            if step_id in found or body["type"] in CONTROL_SOURCES or (known and known.closed):
                continue
            reason = _reason(definition, step_id, _read(body), found, facts, inputs=inputs)
            if not reason and body["type"] == "loop":
                reason = next((found[name] for name in sorted(body_of(steps, step_id)) if name in found), "")
            if reason:
                fresh[step_id] = reason
        if not fresh:
            return found
        found |= fresh


def _read(body: Mapping[str, Json]) -> Iterator[tuple[str, ...]]:
    yield from references(body.get("with", {}))
    for name in ("items", "collect"):
        if name in body:
            yield from references(body[name])
    if "when" in body:
        yield from condition_references(body["when"])


def _reason(
    definition: Mapping[str, Json],
    step_id: str,
    paths: Iterator[tuple[str, ...]],
    tainted: Mapping[str, str],
    facts: Mapping[str, StepFacts],
    *,
    inputs: bool,
) -> str:
    """The first untrusted thing among ``paths`` as read by a step, empty when there is none."""
    steps = definition["steps"]
    for parts in paths:
        if parts[0] == "inputs" and inputs:
            return ".".join(parts)
        if parts[0] == "loop" and (len(parts) == 1 or parts[1] in ("item", "outer")):
            for name, body in steps.items():
                if body["type"] == "loop" and (step_id == name or step_id in body_of(steps, name)):
                    inner = _reason(definition, "", references(body.get("items")), tainted, facts, inputs=inputs)
                    if inner:
                        return inner
        if parts[0] != "steps":
            continue
        if len(parts) < 2:
            return next(iter(tainted.values()), "")
        known = facts.get(steps.get(parts[1], {}).get("type", ""))
        closed = known is not None and len(parts) > 3 and parts[3] in known.trusted_outputs
        if parts[1] in tainted and not closed and parts[2:3] != ("visits",):
            return ".".join(parts)
    return ""


def _at(node: Json, path: tuple[str, ...]) -> Iterator[Json]:
    """Values at a dotted path of settings; ``*`` stands for every item or key. A filled-in value on the way counts as a whole."""
    if not path or (isinstance(node, Mapping) and any(key.startswith("$") for key in node)):
        yield node
    elif path[0] == "*":
        for child in node.values() if isinstance(node, Mapping) else node if isinstance(node, list) else ():
            yield from _at(child, path[1:])
    elif isinstance(node, Mapping) and path[0] in node:
        yield from _at(node[path[0]], path[1:])
    elif isinstance(node, list):
        for child in node:
            yield from _at(child, path)
