"""Forms about secrets. A value that was typed is never sent back to the browser, not even beside its own error."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.core.forms import AccessibleForm
from apps.workflows.services.secrets import MAX_VALUE


def _value_field(label: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=MAX_VALUE,
        strip=False,
        help_text=_("At least 8 characters. Nobody can read it again, neither here nor through the API."),
        widget=forms.PasswordInput(attrs={"dir": "ltr", "autocomplete": "off", "spellcheck": "false"}),
    )


def _note_field() -> forms.CharField:
    return forms.CharField(
        label=_("Note"),
        max_length=200,
        required=False,
        help_text=_("Where it comes from and who can renew it. Not encrypted."),
        widget=forms.TextInput(attrs={"dir": "auto"}),
    )


class NewSecretForm(AccessibleForm):
    """A name and a value."""

    name = forms.CharField(
        label=_("Name"),
        max_length=60,
        help_text=_("How steps refer to it, for example stripe_key. It cannot be changed later."),
        widget=forms.TextInput(
            attrs={"dir": "ltr", "autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    value = _value_field(_("Value"))
    note = _note_field()


class ReplaceSecretForm(AccessibleForm):
    """Another value under the same name."""

    value = _value_field(_("New value"))
    note = _note_field()
