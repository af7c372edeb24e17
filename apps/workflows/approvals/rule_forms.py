"""The form of an owner's rule."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from babel.numbers import get_currency_precision
from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.workflows.approvals import rulebook
from apps.workflows.core.classes import AllowKind

KINDS = (
    (AllowKind.RECIPIENTS.value, _("Named people, channels or chats")),
    (AllowKind.DOMAINS.value, _("Anybody with an address at a domain")),
    (AllowKind.HOSTS.value, _("A place that is written to")),
    (AllowKind.AMOUNT.value, _("Money up to a sum a day")),
)
USUAL_DAYS = 90


class RuleForm(forms.Form):
    """What an owner types; ``rules.make_rule`` says whether it will do."""

    types = forms.ChoiceField(label=_("What"), required=False, choices=())
    kind = forms.ChoiceField(label=_("What is named"), choices=KINDS)
    values = forms.CharField(
        label=_("To whom or where"), required=False, max_length=17_000, strip=True,
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto", "class": "input"}),
        help_text=_("One per line: an address, a channel such as C024BE91L, a domain or a host. Not for sums."),
    )  # fmt: skip
    amount = forms.DecimalField(
        label=_("At most a day"), required=False, min_value=Decimal("0.01"), max_digits=15, decimal_places=3,
        help_text=_("For sums only: everything together, counted from midnight UTC."),
    )  # fmt: skip
    currency = forms.CharField(
        label=_("Currency"), required=False, max_length=3, help_text=_("Three letters: EUR, USD.")
    )
    until = forms.DateField(
        label=_("Until the end of"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    reason = forms.CharField(label=_("Why"), max_length=300, widget=forms.TextInput(attrs={"dir": "auto"}))

    # How the errors of ``make_rule`` are called here.
    PLACES = {"expires_at": "until", "amount_minor": "amount"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["types"].choices = [("", _("Anything")), *rulebook.acting_types()]  # type: ignore[attr-defined]
        for field in self.fields.values():
            field.widget.attrs.setdefault("class", "input")

    @staticmethod
    def usual() -> dict[str, Any]:
        """What an empty form begins with."""
        return {"until": timezone.localdate() + timedelta(days=USUAL_DAYS), "kind": AllowKind.RECIPIENTS.value}

    def rule(self) -> dict[str, Any]:
        """Kind, values, types and amount, for ``make_rule`` and ``rulebook.preview``."""
        said = self.cleaned_data
        currency = said["currency"].upper()
        amount = said["amount"]
        scale = get_currency_precision(currency) if currency else 2
        return {
            "kind": said["kind"],
            "values": rulebook.values_typed(said["values"]),
            "types": [said["types"]] if said["types"] else [],
            "amount_minor": int(amount.scaleb(scale)) if amount is not None else None,
            "currency": currency,
        }
