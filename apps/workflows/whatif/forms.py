"""What a person asks about past runs."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.ai import facade as ai
from apps.workflows.whatif.conf import MOST_RUNS, USUAL_RUNS

DRAFT = "draft"
STATES = (("", _("All that ended")), ("failed", _("Failed ones")), ("succeeded", _("Succeeded ones")))


class WhatIfForm(forms.Form):
    """Which runs, on which version, with which model, for how much."""

    version = forms.ChoiceField(label=_("Carry them out with"))
    state = forms.ChoiceField(label=_("Which runs"), choices=STATES, required=False)
    last = forms.IntegerField(label=_("How many of the latest"), min_value=1, max_value=MOST_RUNS, initial=USUAL_RUNS)
    since = forms.DateTimeField(
        label=_("Begun after"), required=False, widget=forms.DateTimeInput(attrs={"type": "datetime-local"})
    )
    until = forms.DateTimeField(
        label=_("Begun before"), required=False, widget=forms.DateTimeInput(attrs={"type": "datetime-local"})
    )
    model = forms.ChoiceField(label=_("Model for the answers"), required=False)
    cap = forms.DecimalField(
        label=_("Pay for model calls up to (US dollars)"),
        required=False,
        min_value=Decimal(0),
        max_value=Decimal(1000),
        decimal_places=2,
        help_text=_(
            "Empty: no model is asked, and where the question differs from the recorded one the result says so."
        ),
    )

    def __init__(self, *args: Any, versions: list[tuple[str, Any]], **named: Any) -> None:
        super().__init__(*args, **named)
        self.fields["version"].choices = versions  # type: ignore[attr-defined]
        models = [(model, model) for model in ai.known_models()]
        self.fields["model"].choices = [("", _("As the version says")), *models]  # type: ignore[attr-defined]

    @property
    def cap_micros(self) -> int:
        """The limit in millionths of a dollar."""
        return int((self.cleaned_data.get("cap") or Decimal(0)) * 1_000_000)
