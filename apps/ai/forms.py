"""What a person types about a budget. Dollars in the form, exact micro-dollars behind it."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.ai.enums import BudgetAction, Period, Scope
from apps.core.forms import AccessibleForm

MICROS = Decimal(1_000_000)
EVERYONE = "*"


class BudgetForm(AccessibleForm):
    """Whom a budget binds, its cap, and what happens at it. The gateway has the last word about all three."""

    scope = forms.ChoiceField(
        label=_("Whom it binds"), choices=[(value, label) for value, label in Scope.choices if value != Scope.PLATFORM]
    )
    subject = forms.CharField(
        label=_("Which one"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"list": "subjects", "autocomplete": "off", "dir": "auto"}),
        help_text=_("A workflow, a person's e-mail address, an API key or a model; * for each one by itself. Empty for the "
                    "whole workspace."),
    )  # fmt: skip
    period = forms.ChoiceField(label=_("Starts again"), choices=Period.choices, initial=Period.MONTH)
    cap = forms.DecimalField(
        label=_("Cap in US dollars"),
        min_value=Decimal(0),
        max_value=Decimal(1_000_000_000),
        decimal_places=6,
        max_digits=16,
        widget=forms.NumberInput(attrs={"step": "any", "inputmode": "decimal", "dir": "ltr"}),
        help_text=_("Reserved before each call, so it cannot be overspent. 0 refuses every priced call."),
    )
    action = forms.ChoiceField(label=_("What happens at it"), choices=BudgetAction.choices, initial=BudgetAction.STOP)

    def __init__(self, *args: Any, locked: bool = False, people: dict[str, int] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._people = people or {}
        if locked:
            for name in ("scope", "subject", "period"):
                self.fields[name].disabled = True

    def clean(self) -> dict[str, Any]:
        """A budget of the workspace has no subject; every other one needs it."""
        cleaned = super().clean() or {}
        scope, subject = cleaned.get("scope"), (cleaned.get("subject") or "").strip()
        cleaned["subject"] = subject
        if scope == Scope.TENANT and subject:
            self.add_error("subject", _("Leave this empty: the budget binds the whole workspace."))
        elif scope and scope != Scope.TENANT and not subject:
            self.add_error("subject", _("Say which one, or * for each one by itself."))
        elif scope == Scope.USER and subject != EVERYONE:
            self._find_person(cleaned, subject)
        return cleaned

    def _find_person(self, cleaned: dict[str, Any], subject: str) -> None:
        known = self._people.get(subject.lower())
        if known is None and subject.isascii() and subject.isdecimal() and int(subject) in self._people.values():
            known = int(subject)
        if known is None:
            self.add_error("subject", _("No member of this workspace has this address."))
        else:
            cleaned["subject"] = str(known)

    def cap_micros(self) -> int:
        """The cap in micro-dollars, exact."""
        return int(self.cleaned_data["cap"] * MICROS)
