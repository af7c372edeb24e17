"""What a person gives to install a template: its parameters, and a connection for each service it uses."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.connectors.contracts import ConnectionView
from apps.core.forms import AccessibleForm
from apps.workflows.library.installing import service_titles
from apps.workflows.library.packages import Package, Parameter
from apps.workflows.library.texts import said

Json = Any


class LinesField(forms.CharField):
    """A list of texts, one a line; empty lines do not count."""

    widget = forms.Textarea(attrs={"rows": 4, "class": "input", "dir": "auto"})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        return [line.strip() for line in str(super().clean(value)).splitlines() if line.strip()]


class ObjectField(forms.JSONField):
    """A JSON object, such as the fields of a record."""

    widget = forms.Textarea(attrs={"rows": 4, "class": "input", "dir": "ltr", "spellcheck": "false"})

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)

    def clean(self, value: Any) -> Any:
        found = super().clean(value)
        if found is not None and not isinstance(found, dict):
            raise forms.ValidationError(_('Write an object, such as {"Name": "Ana"}.'))
        return found


class InstallForm(AccessibleForm):
    """Fields come from the package. A service without a working connection may be left open: the draft then says so."""

    name = forms.CharField(label=gettext_lazy("Name of the workflow"), max_length=160)

    def __init__(
        self, *args: Any, package: Package, connections: Mapping[str, Sequence[ConnectionView]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.package = package
        self.fields["name"].initial = said(package.name)
        titles = service_titles()
        for connector in package.connectors:
            working = connections.get(connector, ())
            self.fields[f"connection_{connector}"] = forms.ChoiceField(
                label=_("Account of %(service)s") % {"service": titles[connector]},
                choices=[("", _("Choose later in the builder")), *((str(one.id), one.name) for one in working)],
                initial=str(working[0].id) if len(working) == 1 else "",
                required=False,
                widget=forms.Select(attrs={"class": "input"}),
            )
        for parameter in package.parameters:
            self.fields[f"p_{parameter.name}"] = _field(parameter)

    def parameters(self) -> dict[str, Json]:
        """Values by the package's names; what was left empty is missing."""
        values = {one.name: self.cleaned_data.get(f"p_{one.name}") for one in self.package.parameters}
        return {name: value for name, value in values.items() if value not in (None, "", [], {})}

    def connections(self) -> dict[str, str]:
        """Chosen connections by connector."""
        chosen = {connector: self.cleaned_data.get(f"connection_{connector}") for connector in self.package.connectors}
        return {connector: str(value) for connector, value in chosen.items() if value}


def _field(parameter: Parameter) -> forms.Field:
    """The form field of a parameter. Kinds are those of the package's schema."""
    make, more = _KINDS[parameter.kind]
    return make(
        label=said(parameter.label),
        help_text=said(parameter.help) if parameter.help else "",
        required=parameter.required,
        initial=parameter.default,
        **(more(parameter) if callable(more) else more),
    )


def _line(**attrs: str) -> forms.TextInput:
    return forms.TextInput(attrs={"class": "input", **attrs})


def _choices(parameter: Parameter) -> dict[str, Any]:
    return {"choices": [(one, said(one)) for one in parameter.choices]}


def _zones(_parameter: Parameter) -> dict[str, Any]:
    return {"choices": [(name, name) for name in sorted(available_timezones())]}


_LONG = forms.Textarea(attrs={"rows": 5, "class": "input", "dir": "auto"})
_KINDS: Mapping[str, tuple[Any, Any]] = {
    "text": (forms.CharField, {"max_length": 2000, "widget": _line(dir="auto")}),
    "long_text": (forms.CharField, {"max_length": 20_000, "widget": _LONG}),
    "number": (forms.FloatField, {}),
    "email": (forms.EmailField, {}),
    "url": (forms.URLField, {"assume_scheme": "https", "max_length": 2000}),
    "choice": (forms.ChoiceField, _choices),
    "lines": (LinesField, {"max_length": 20_000}),
    "time": (forms.RegexField, {"regex": r"^([01]\d|2[0-3]):[0-5]\d$", "widget": _line(type="time")}),
    "zone": (forms.ChoiceField, _zones),
    "object": (ObjectField, {}),
}
