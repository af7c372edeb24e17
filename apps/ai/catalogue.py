"""Which models there are, in which class, and until when: data from ``data/models.toml``, read once."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

CATALOGUE_FILE = Path(__file__).parent / "data" / "models.toml"

# A model this close to its shutdown no longer leads a class that has a younger member.
RETIRING = timedelta(days=90)
# Assumed for models named by settings that the catalogue does not know.
UNKNOWN_CONTEXT = 128_000
UNKNOWN_MAX_OUTPUT = 16_384


@dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """One model. ``context`` and ``max_output`` in tokens; ``retires_on`` None means no announced date; ``thinks``: takes no
    temperature; ``small``: prompts in the short wording; ``judges``: may act as a judge."""

    id: str
    provider: str
    context: int = UNKNOWN_CONTEXT
    max_output: int = UNKNOWN_MAX_OUTPUT
    retires_on: date | None = None
    thinks: bool = False
    small: bool = False
    judges: bool = True

    def is_retired(self, today: date) -> bool:
        """Whether the provider has shut it down."""
        return self.retires_on is not None and self.retires_on <= today

    def is_retiring(self, today: date) -> bool:
        """Whether its shutdown is near (or past)."""
        return self.retires_on is not None and self.retires_on - today <= RETIRING


@dataclass(frozen=True)
class Catalogue:
    """All models and classes."""

    models: Mapping[str, ModelSpec]
    classes: Mapping[str, tuple[str, ...]]

    def members(self, name: str, *, today: date) -> tuple[ModelSpec, ...]:
        """Living members of a class, best choice first: catalogue order, those near retirement last."""
        living = [self.models[key] for key in self.classes.get(name, ()) if not self.models[key].is_retired(today)]
        return tuple(sorted(living, key=lambda spec: spec.is_retiring(today)))


@lru_cache(maxsize=1)
def load_catalogue() -> Catalogue:
    """The catalogue of this release."""
    data = tomllib.loads(CATALOGUE_FILE.read_text(encoding="utf-8"))
    models = {key: ModelSpec(id=key, **fields) for key, fields in data["models"].items()}
    classes = {name: tuple(members) for name, members in data["classes"].items()}
    missing = sorted({key for members in classes.values() for key in members} - models.keys())
    if missing:
        raise ValueError(f"{CATALOGUE_FILE.name} names models in classes without describing them: {missing}")
    return Catalogue(models=MappingProxyType(models), classes=MappingProxyType(classes))
