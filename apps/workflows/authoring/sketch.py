"""The form in which a model writes a workflow down, and its translation into a definition.

A definition is made for machines: references are objects, steps a map. A model writes better what people write: a list of steps
in order, ``{{...}}`` inside texts. ``to_definition`` translates and mends what is plain to mend, saying so; what needs thought is
left for the validator to name. Plain Python.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from apps.workflows.core.conditions import UNARY

Json = Any
LONGEST = 40
NAMES = {"type": ["string", "null"]}
STEP_SCHEMA: dict[str, Json] = {
    "type": "object",
    "required": ["id", "type", "title"],
    "properties": {
        "id": {"type": "string", "description": "Short name in small letters, unique."},
        "type": {"type": "string", "description": "One of the listed step types."},
        "title": {"type": "string", "description": "What happens, in the person's language, at most eight words."},
        "with": {"type": "object", "description": "The step's settings."},
        "next": {**NAMES, "description": "Id of the step after this one; null ends the path."},
        "on_error": NAMES,
        "when": {"type": "object", "description": "condition: the tree to test."},
        "then": NAMES,
        "else": NAMES,
        "cases": {"type": "array", "items": {"type": "object"}, "description": 'switch: [{"when": tree, "next": id}].'},
        "default": NAMES,
        "branches": {
            "type": "array",
            "items": {"type": "string"},
            "description": "parallel: first step of each branch.",
        },
        "join": {"type": "string", "description": "parallel: id of the join step."},
        "items": {"description": "loop: the list to go through."},
        "body": {**NAMES, "description": "loop: first step done for each item."},
    },
}
SCHEMA: dict[str, Json] = {
    "type": "object",
    "required": ["name", "explanation", "questions", "inputs", "trigger", "steps"],
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 160},
        "explanation": {"type": "string", "description": "What it does, step by step, in the person's language."},
        "questions": {"type": "array", "items": {"type": "string"}, "description": "What only the person can say."},
        "inputs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "type"],
                "properties": {
                    "name": {"type": "string"},
                    "type": {"enum": ["string", "number", "integer", "boolean", "array", "object"]},
                    "description": {"type": "string"},
                    "required": {"type": "boolean"},
                },
            },
        },
        "trigger": {
            "type": "object",
            "required": ["type"],
            "properties": {"type": {"type": "string"}, "with": {"type": "object"}},
        },
        "steps": {"type": "array", "minItems": 1, "maxItems": LONGEST, "items": STEP_SCHEMA},
    },
}


def schema_for(types: frozenset[str]) -> dict[str, Json]:
    """``SCHEMA`` with the installed step types, and the other names they go by, as the only choices."""
    step = {
        **STEP_SCHEMA,
        "properties": {**STEP_SCHEMA["properties"], "type": {"enum": sorted(types | ALIASES.keys())}},
    }
    return {
        **SCHEMA,
        "properties": {**SCHEMA["properties"], "steps": {**SCHEMA["properties"]["steps"], "items": step}},
    }


ALIASES = {
    "if": "condition", "branch": "switch", "router": "switch", "for_each": "loop", "foreach": "loop", "llm": "ai.generate",
    "ai": "ai.generate", "ai.summarize": "ai.generate", "ai.summarise": "ai.generate", "ai.translate": "ai.generate",
    "classify": "ai.classify", "extract": "ai.extract", "http": "http.get", "webhook.send": "http.get", "wait": "delay",
    "sleep": "delay", "email": "email.send", "send_email": "email.send", "email.send": "email.send", "notification": "notify",
    "approve": "approval", "human": "approval", "task": "task.create", "note": "log", "stop": "fail", "merge": "join",
}  # fmt: skip
ENDS = frozenset({"", "end", "stop", "done", "finish", "none", "null"})
EDGES = ("next", "on_error", "on_timeout", "then", "else", "default", "body")
CONTROL = frozenset({"condition", "switch", "parallel"})
# Steps without settings: everything about them is a part of the step itself.
BARE = CONTROL | {"loop", "join"}
COPIED = ("title", "on_error", "on_timeout", "timeout_s", "retry", "max_visits", "when", "then", "else", "cases", "default",
          "branches", "join", "items", "body", "limit", "approval")  # fmt: skip
PLACEHOLDER = re.compile(r"\{\{([^{}]++)\}\}")
WHOLE = re.compile(r"\s*+\{\{([^{}]++)\}\}\s*\Z")
INPUT_WORDS = frozenset({"input", "inputs", "trigger", "payload", "event", "form", "body"})


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A definition as translated, and in words what was mended on the way."""

    definition: dict[str, Json]
    mended: tuple[str, ...] = ()


@dataclass
class _Translation:
    sketch: Mapping[str, Json]
    types: frozenset[str]
    mended: list[str] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)
    mentioned: set[str] = field(default_factory=set)

    def run(self) -> Drawn:
        listed = [step for step in self.sketch.get("steps", ()) if isinstance(step, Mapping)][:LONGEST]
        names = self._name(listed)
        steps = {}
        for position, (step, name) in enumerate(zip(listed, names, strict=True)):
            follower = names[position + 1] if position + 1 < len(names) else None
            steps[name] = self._step(step, follower)
        definition: dict[str, Json] = {"schema": 1, "start": names[0] if names else "", "steps": steps}
        trigger = self._trigger()
        if trigger:
            definition["triggers"] = {"start": trigger}
        inputs = self._inputs()
        if inputs:
            definition["inputs"] = inputs
        return Drawn(definition=definition, mended=tuple(self.mended))

    def _name(self, listed: Sequence[Mapping[str, Json]]) -> list[str]:
        """Ids that fit; where two are equal the second gets a number, and references mean the first."""
        names: list[str] = []
        for step in listed:
            written = str(step.get("id", ""))
            name = base = _slug(written) or _slug(str(step.get("type", ""))) or "step"
            number = 2
            while name in names:
                name, number = f"{base}_{number}", number + 1
            if name != written:
                self.mended.append(f"step id {written!r} became {name!r}")
            self.ids.setdefault(written, name)
            names.append(name)
        return names

    def _step(self, step: Mapping[str, Json], follower: str | None) -> dict[str, Json]:
        kind = self._type(str(step.get("type", "")))
        out: dict[str, Json] = {"type": kind}
        for name in COPIED:
            if step.get(name) is not None:
                out[name] = self._part(name, step[name])
        if isinstance(step.get("with"), Mapping):
            if kind in BARE:
                out |= self._moved_out(kind, step["with"], out)
            else:
                out["with"] = self._value(step["with"])
        if kind not in CONTROL:
            if "next" in step:
                out["next"] = self._target(step["next"])
            elif follower is not None and kind != "fail":
                out["next"] = follower
        return out

    def _moved_out(self, kind: str, settings: Mapping[str, Json], out: Mapping[str, Json]) -> dict[str, Json]:
        """What a step without settings of its own was given as settings: its parts, such as a loop's limit."""
        self.mended.append(f"settings of a {kind} step were moved to the step")
        return {name: self._part(name, value) for name, value in settings.items() if name in COPIED and name not in out}

    def _part(self, name: str, written: Json) -> Json:
        if name == "title":
            return str(written)[:160]
        if name in EDGES:
            return self._target(written)
        if name in ("when", "items"):
            return self._value(written)
        if name == "cases" and isinstance(written, list):
            return [self._case(case) for case in written if isinstance(case, Mapping)]
        if name == "branches" and isinstance(written, list):
            return [target for one in written if (target := self._target(one))]
        return self._target(written) if name == "join" else written

    def _type(self, written: str) -> str:
        kind = written.strip()
        if kind in self.types:
            return kind
        known = ALIASES.get(kind.lower().replace(" ", "_"), kind)
        if known != kind:
            self.mended.append(f"step type {written!r} became {known!r}")
        return known

    def _target(self, written: Json) -> str | None:
        if not isinstance(written, str) or (written.strip().lower() in ENDS and written not in self.ids):
            return None
        return self.ids.get(written) or _slug(written) or None

    def _case(self, case: Mapping[str, Json]) -> dict[str, Json]:
        return {"when": self._value(case.get("when", {})), "next": self._target(case.get("next"))}

    def _value(self, node: Json) -> Json:
        if isinstance(node, Mapping):
            if isinstance(node.get("$ref"), str):
                return {**node, "$ref": self._path(node["$ref"])}
            if isinstance(node.get("$text"), str):
                return {"$text": self._text(node["$text"])}
            if node.get("op") in UNARY and "left" in node and "value" not in node:
                node = {"value" if key == "left" else key: child for key, child in node.items()}
            return {str(key): self._value(child) for key, child in node.items()}
        if isinstance(node, list):
            return [self._value(child) for child in node]
        if isinstance(node, str) and PLACEHOLDER.search(node):
            whole = WHOLE.match(node)
            return {"$ref": self._path(whole.group(1))} if whole else {"$text": self._text(node)}
        return node

    def _text(self, text: str) -> str:
        return PLACEHOLDER.sub(lambda found: "{{" + self._path(found.group(1)) + "}}", text)

    def _path(self, written: str) -> str:
        """``x.text`` and ``input.x`` as they are meant; a path below a known root stays."""
        parts = [part for part in re.split(r"[.\s\[\]]+", written.strip().lstrip("$")) if part]
        if not parts:
            return written
        if parts[0] in INPUT_WORDS:
            parts = ["inputs", *parts[1:]]
        elif parts[0] in ("item", "index"):
            parts = ["loop", *parts]
        elif parts[0] == "steps" and len(parts) > 1:
            parts[1] = self.ids.get(parts[1], parts[1])
            if len(parts) > 2 and parts[2] not in ("output", "error", "visits"):
                parts.insert(2, "output")
        elif parts[0] in self.ids:
            rest = parts[1:] if parts[1:2] in (["output"], ["error"], ["visits"]) else ["output", *parts[1:]]
            parts = ["steps", self.ids[parts[0]], *rest]
        if parts[0] == "inputs" and len(parts) > 1:
            self.mentioned.add(parts[1])
        return ".".join(parts)

    def _trigger(self) -> dict[str, Json] | None:
        trigger = self.sketch.get("trigger")
        if not isinstance(trigger, Mapping) or not trigger.get("type"):
            return None
        settings = trigger.get("with")
        return {"type": str(trigger["type"]), "with": dict(settings) if isinstance(settings, Mapping) else {}}

    def _inputs(self) -> dict[str, Json] | None:
        properties: dict[str, Json] = {}
        required: list[str] = []
        for one in self.sketch.get("inputs", ()):
            if not isinstance(one, Mapping) or not re.fullmatch(r"[A-Za-z0-9_\-]{1,80}", str(one.get("name", ""))):
                continue
            name = str(one["name"])
            properties[name] = {"type": one.get("type", "string")}
            if one.get("description"):
                properties[name]["description"] = str(one["description"])[:300]
            if one.get("required"):
                required.append(name)
        for name in sorted(self.mentioned - properties.keys()):
            properties[name] = {"type": "string"}
            self.mended.append(f"input {name!r} was mentioned and not listed")
        if not properties:
            return None
        return {"type": "object", "properties": properties} | ({"required": required} if required else {})


def to_definition(sketch: Mapping[str, Json], *, types: frozenset[str]) -> Drawn:
    """The definition a sketch means. Never raises for a sketch that fits ``SCHEMA``; the result still has to be validated."""
    return _Translation(sketch, types).run()


def to_sketch(definition: Mapping[str, Json], *, name: str) -> dict[str, Json]:
    """A definition as a model reads and writes it; ``to_definition`` of it means the same."""
    steps = [
        {"id": step_id, **{key: value for key, value in definition["steps"][step_id].items() if key != "layout"}}
        for step_id in _in_order(definition)
    ]
    schema = definition.get("inputs") or {}
    required = schema.get("required", ())
    inputs = [
        {"name": key, "type": value.get("type", "string"), "description": value.get("description", ""),
         "required": key in required}
        for key, value in schema.get("properties", {}).items()
    ]  # fmt: skip
    trigger = next(iter(definition.get("triggers", {}).values()), {"type": "manual", "with": {}})
    return {"name": name, "explanation": "", "questions": [], "inputs": inputs, "trigger": trigger,
            "steps": [{"next": None, **step} if step["type"] not in CONTROL else step for step in steps]}  # fmt: skip


def _in_order(definition: Mapping[str, Json]) -> Iterator[str]:
    steps, start = definition["steps"], definition["start"]
    yield from ([start] if start in steps else [])
    yield from (step_id for step_id in steps if step_id != start)


def _slug(text: str) -> str:
    slug = re.sub(r"[^a-z0-9]+", "_", text.strip().lower()).strip("_")[:60]
    return slug if not slug or slug[0].isalpha() else f"step_{slug}"[:60]
