"""Parsed definitions and the config schemas of the registered step types, kept per process.

A version never changes, so its parsed form may be kept for as long as the process lives; the oldest are dropped.
"""

import json
from collections import OrderedDict
from functools import lru_cache
from typing import Any

from apps.workflows.contracts import StepHandler
from apps.workflows.core.definition import parse
from apps.workflows.core.schema import plain
from apps.workflows.core.secrets import admit_handles, names_in
from apps.workflows.core.taint import StepFacts
from apps.workflows.core.validate import schema_validator
from apps.workflows.engine.live import Version
from apps.workflows.enums import EffectClass
from apps.workflows.registries import step_types

KEPT = 500


class ParsedVersions:
    """Versions by id; ids are unique over all tenants."""

    def __init__(self) -> None:
        self._parsed: OrderedDict[str, Version] = OrderedDict()

    def get(self, version_id: str) -> Version | None:
        """The parsed version, when it was put here before."""
        found = self._parsed.get(version_id)
        if found is not None:
            self._parsed.move_to_end(version_id)
        return found

    def put(self, version_id: str, *, workflow: str, number: int, definition: str) -> Version:
        """Parse a definition's JSON text and keep it."""
        raw = json.loads(definition)
        version = self._parsed[version_id] = Version(
            version_id, workflow, number, parse(raw), raw, secrets=names_in(raw)
        )
        if len(self._parsed) > KEPT:
            self._parsed.popitem(last=False)
        return version


def config_validators() -> dict[str, Any]:
    """A JSON Schema validator of ``with`` for every registered step type."""
    return _validators(tuple(step_types))


@lru_cache(maxsize=8)
def _validators(handlers: tuple[StepHandler, ...]) -> dict[str, Any]:
    return {handler.type: schema_validator(admit_handles(plain(handler.config_schema))) for handler in handlers}


def step_facts() -> dict[str, StepFacts]:
    """What reading a definition needs to know of every registered step type besides its schema."""
    return {
        handler.type: StepFacts(
            config_schema=plain(handler.config_schema),
            sensitive=handler.sensitive,
            untrusted=handler.untrusted,
            closed=handler.closed,
            trusted_outputs=handler.trusted_outputs,
            asks=handler.effect is not EffectClass.PURE,
        )
        for handler in step_types
    }
