"""What a person types to connect a service; the fields come from its manifest."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.connectors.contracts import Connector
from apps.core.forms import AccessibleForm

SECRET = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none", "dir": "ltr"}


class ConnectForm(AccessibleForm):
    """Credentials of one service. Secrets are typed visibly, since they are pasted once, and come back only on an error."""

    def __init__(self, *args: Any, connector: Connector, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for spec in connector.fields:
            if spec.choices:
                self.fields[spec.name] = forms.ChoiceField(
                    label=spec.label, help_text=spec.help, choices=spec.choices, initial=spec.default,
                    widget=forms.Select(attrs={"class": "input"}),
                )  # fmt: skip
                continue
            self.fields[spec.name] = forms.CharField(
                label=spec.label, help_text=spec.help, required=spec.required, max_length=400, initial=spec.default,
                widget=forms.TextInput(attrs={**SECRET, "class": "input"}),
            )  # fmt: skip
        self.fields["name"] = forms.CharField(
            label=_("Name in this workspace"), required=False, max_length=120,
            help_text=_("Leave empty to use the account's own name."),
            widget=forms.TextInput(attrs={"class": "input", "dir": "auto"}),
        )  # fmt: skip

    def credentials(self) -> dict[str, str]:
        """What was typed, by the manifest's names, without the name of the connection."""
        return {name: value for name, value in self.cleaned_data.items() if name != "name"}
