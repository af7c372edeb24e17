"""System checks: configured models that are about to be shut down, classes without a living member."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from django.core import checks

from apps.ai import conf
from apps.ai.catalogue import RETIRING, load_catalogue

RETIRING_SOON = "ai.W001"
RETIRED = "ai.E001"
CLASS_EMPTY = "ai.E002"
CLASSES_IN_USE = ("work", "judge", "economy", "premium")


@checks.register(checks.Tags.compatibility)
def check_models(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Warn 90 days before a configured model is shut down, refuse it afterwards; every class needs a living member."""
    return model_findings(today=datetime.now(UTC).date())


def model_findings(*, today: date) -> list[checks.CheckMessage]:
    """The same for any day. A class is led by its first member that is not close to retirement, so only overrides and classes
    without younger members are reported."""
    catalogue = load_catalogue()
    found: list[checks.CheckMessage] = []
    in_use = {name: conf.setting(name, None) for name in ("AI_WORK_MODEL", "AI_JUDGE_MODEL")}
    for name in CLASSES_IN_USE:
        members = catalogue.members(name, today=today)
        if not members:
            found.append(checks.Error(f"Every model of the class {name!r} is shut down.", id=CLASS_EMPTY,
                                      hint="Add a current model to apps/ai/data/models.toml or upgrade EchoPilot."))  # fmt: skip
        elif members[0].is_retiring(today):
            in_use[f"class {name}"] = members[0].id
    for where, model in in_use.items():
        spec = catalogue.models.get(model or "")
        if spec is None or spec.retires_on is None:
            continue
        if spec.is_retired(today):
            found.append(checks.Error(f"{where} names {model}, which was shut down on {spec.retires_on}.", id=RETIRED,
                                      hint="Choose another model, or unset it to follow the class."))  # fmt: skip
        elif spec.is_retiring(today):
            days = (spec.retires_on - today).days
            text = f"{where} names {model}, which is shut down on {spec.retires_on} (in {days} days)."
            hint = f"Choose another model before then (warned {RETIRING.days} days ahead)."
            found.append(checks.Warning(text, id=RETIRING_SOON, hint=hint))
    return found
