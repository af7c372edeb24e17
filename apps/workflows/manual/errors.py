"""The shelf of error codes runs end with: what each means, what to do, whether trying again can help."""

from django.utils.translation import gettext as _

from apps.core.reference import Cell, Entry, Part
from apps.workflows.advice import BY_CODE, Advice


def list_errors() -> list[Entry]:
    """Every code by name."""
    return [_entry(code, BY_CODE[code]) for code in sorted(BY_CODE)]


def _entry(code: str, advice: Advice) -> Entry:
    said = str(advice.means)
    return Entry(slug=code, mark=code, title=code, summary=said, icon="circle-alert", parts=lambda: _parts(advice))


def _parts(advice: Advice) -> tuple[Part, ...]:
    again = _("Trying again can help.") if advice.again else _("Trying again does not help until something is changed.")
    return (
        Part(
            facts=(
                (_("What it means"), Cell(text=str(advice.means))),
                (_("What to do"), Cell(text=f"{advice.do} {again}")),
            )
        ),
    )
