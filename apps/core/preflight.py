"""Questions asked before traffic: is every outside thing there, strong and fit for what the product does with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from apps.core.errors import PlatformError
from apps.core.redaction import redact_text
from apps.core.registry import Registry


class Outcome(StrEnum):
    """Only ``failed`` stops a start."""

    OK = "ok"
    SKIPPED = "skipped"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a check saw, and what to do about it when that is not fine."""

    outcome: Outcome
    message: str
    next_step: str = ""


@dataclass(frozen=True, kw_only=True)
class PreflightCheck:
    """One question. ``check`` returns a finding; an exception it raises counts as failed. ``order`` sorts, small first."""

    name: str
    check: Callable[[], Finding]
    order: int = 100


preflight_checks: Registry[PreflightCheck] = Registry(
    name="preflight checks", entry_type=PreflightCheck, key=lambda check: check.name
)


def ok(message: str) -> Finding:
    """All is well."""
    return Finding(outcome=Outcome.OK, message=message)


def skipped(message: str) -> Finding:
    """Nothing to ask: not configured, and that is fine."""
    return Finding(outcome=Outcome.SKIPPED, message=message)


def warning(message: str, *, next_step: str) -> Finding:
    """Works, with a risk."""
    return Finding(outcome=Outcome.WARNING, message=message, next_step=next_step)


def failed(message: str, *, next_step: str) -> Finding:
    """Does not work, or must not run like this."""
    return Finding(outcome=Outcome.FAILED, message=message, next_step=next_step)


def run_checks(*, names: tuple[str, ...] = ()) -> Iterator[tuple[str, Finding]]:
    """Ask each check in order and yield its finding; ``names`` picks some. Secrets are masked in the messages."""
    for check in sorted(preflight_checks, key=lambda entry: (entry.order, entry.name)):
        if names and check.name not in names:
            continue
        try:
            finding = check.check()
        except Exception as error:  # noqa: BLE001 - any failure is the answer here
            text = error.text if isinstance(error, PlatformError) else str(error).strip().split("\n")[0]
            finding = failed(
                f"{type(error).__name__}: {text}", next_step="Mend what the message says and run preflight again."
            )
        yield (
            check.name,
            Finding(outcome=finding.outcome, message=redact_text(finding.message), next_step=finding.next_step),
        )


def as_json(name: str, finding: Finding) -> dict[str, Any]:
    """A finding as plain values."""
    return {"name": name, **{key: str(value) for key, value in asdict(finding).items()}}
