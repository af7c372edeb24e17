"""Which models may answer a request, best first: by purpose, quality, budget and what is configured."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

from apps.ai import conf
from apps.ai.catalogue import ModelSpec, load_catalogue
from apps.ai.enums import Purpose, Quality
from apps.ai.errors import GatewayMisconfigured, NoModelAvailable, UnknownModel

CANDIDATES_MAX = 4


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One model at one address.

    ``endpoint`` names the provider; ``credential`` is a fingerprint, not the key; ``official`` addresses take the vendor's
    newest parameter names.
    """

    endpoint: str
    base_url: str
    model: str
    prices: str
    credential: str
    official: bool
    context: int
    max_output: int
    thinks: bool
    small: bool
    judges: bool

    def as_json(self) -> dict[str, Any]:
        """For the plan."""
        return asdict(self)


def route(*, purpose: str, quality: str = Quality.STANDARD, model: str | None = None, saving: bool = False,
          today: date | None = None) -> tuple[Candidate, ...]:  # fmt: skip
    """Candidates in the order they are tried. ``saving`` routes work to the economy class.

    Raises ``GatewayMisconfigured`` without any provider, ``UnknownModel`` for an override nobody offers,
    ``NoModelAvailable`` when all members are retired.
    """
    today = today or datetime.now(UTC).date()
    endpoints = conf.endpoints()
    if not endpoints:
        raise GatewayMisconfigured
    if model:
        _require_known(model, endpoints)
    found: list[Candidate] = []
    for endpoint in endpoints:
        if endpoint.name == "local" and found:
            continue  # the bundled model stands in for nobody: it is for installations without a key
        specs = _specs(endpoint, purpose=purpose, quality=quality, model=model, saving=saving, today=today)
        found.extend(_candidate(endpoint, spec) for spec in specs)
    if not found:
        raise NoModelAvailable(detail=f"no living model for {purpose}/{quality}/{model}")
    return tuple(found[:CANDIDATES_MAX])


def known_models() -> tuple[str, ...]:
    """Ids that may be asked for by name with the present configuration."""
    configured = {conf.setting("AI_WORK_MODEL", None), conf.setting("AI_JUDGE_MODEL", None)} - {None, ""}
    names = {endpoint.name for endpoint in conf.endpoints()}
    local, remote = "local" in names, bool(names - {"local"})
    listed = {spec.id for spec in load_catalogue().models.values() if (local if spec.provider == "local" else remote)}
    return tuple(sorted(listed | (configured if remote else set())))


def is_small(*, purpose: str = Purpose.WORK, quality: str = Quality.STANDARD) -> bool:
    """Whether the first candidate needs prompts in the short wording."""
    try:
        return route(purpose=purpose, quality=quality)[0].small
    except (GatewayMisconfigured, NoModelAvailable):
        return False


def _specs(endpoint: conf.Endpoint, *, purpose: str, quality: str, model: str | None, saving: bool,
           today: date) -> Iterable[ModelSpec]:  # fmt: skip
    catalogue = load_catalogue()
    if endpoint.name == "local":
        return [spec for spec in catalogue.members("local", today=today) if model in (None, "", spec.id)]
    if model:
        spec = catalogue.models.get(model) or ModelSpec(id=model, provider="custom")
        return [] if spec.provider == "local" or spec.is_retired(today) else [spec]
    return _class_members(endpoint, purpose=purpose, quality=quality, saving=saving, today=today)


def _override(endpoint: conf.Endpoint, *, purpose: str, saving: bool) -> str | None:
    work: str | None = conf.setting("AI_WORK_MODEL", None)
    if purpose == Purpose.JUDGE or saving:
        foreign = work if work and not endpoint.official and work not in load_catalogue().models else None
        return (conf.setting("AI_JUDGE_MODEL", None) if purpose == Purpose.JUDGE else None) or foreign
    return work


def _class_members(
    endpoint: conf.Endpoint, *, purpose: str, quality: str, saving: bool, today: date
) -> list[ModelSpec]:
    catalogue = load_catalogue()
    override = _override(endpoint, purpose=purpose, saving=saving)
    members: list[ModelSpec] = []
    if override:
        members.append(catalogue.models.get(override) or ModelSpec(id=override, provider="custom"))
    if not override or override in catalogue.models:
        for name in _classes(purpose=purpose, quality=quality, saving=saving):
            members += catalogue.members(name, today=today)
    unique = {spec.id: spec for spec in members}
    return list(unique.values())[:3]


def _classes(*, purpose: str, quality: str, saving: bool) -> tuple[str, ...]:
    if purpose == Purpose.JUDGE:
        return ("judge",)
    if saving or purpose == Purpose.ASSIST:
        return ("economy",)
    return ("premium", "work") if quality == Quality.PREMIUM else ("work",)


def _candidate(endpoint: conf.Endpoint, spec: ModelSpec) -> Candidate:
    return Candidate(
        endpoint=endpoint.name, base_url=endpoint.base_url, model=spec.id, prices=endpoint.prices,
        credential=hashlib.sha256(f"{endpoint.base_url}\0{endpoint.api_key}".encode()).hexdigest()[:12],
        official=endpoint.official, context=spec.context, max_output=spec.max_output, thinks=spec.thinks,
        small=spec.small, judges=spec.judges,
    )  # fmt: skip


def _require_known(model: str, endpoints: tuple[conf.Endpoint, ...]) -> None:
    known = known_models()
    if model not in known:
        raise UnknownModel(model=model[:80], known=", ".join(known), fields={"model": "unknown"})
