"""Forms of tenancy."""

import zoneinfo

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.accounts.facade import language_choices, zone_choices
from apps.core.forms import AccessibleForm
from apps.core.money import Currency
from apps.tenants.enums import LaunchStage
from apps.tenants.models import Tenant
from apps.tenants.services.workspace import propose_address


class WorkspaceForm(AccessibleForm):
    """A new workspace; the address is made from the name when left empty, the time zone is the browser's."""

    name = forms.CharField(
        label=_("Name of the workspace"),
        max_length=Tenant._meta.get_field("name").max_length,
        widget=forms.TextInput(attrs={"autocomplete": "organization", "autofocus": True}),
    )
    slug = forms.CharField(
        label=_("Address"),
        max_length=40,
        required=False,
        help_text=_("Small letters, digits and dashes. Leave it empty to have one made from the name."),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false", "dir": "ltr"}
        ),
    )
    time_zone = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def clean_time_zone(self) -> str:
        """What the browser says when it is a time zone, else nothing."""
        zone = self.cleaned_data["time_zone"]
        return zone if zone in zoneinfo.available_timezones() else ""

    def clean(self) -> dict[str, str]:
        """Fill in the address."""
        cleaned = super().clean() or {}
        if not cleaned.get("slug"):
            cleaned["slug"] = propose_address(cleaned.get("name", ""))
        cleaned["slug"] = cleaned["slug"].strip().lower()
        return cleaned


class GeneralForm(AccessibleForm):
    """What the workspace says about itself."""

    name = forms.CharField(label=_("Name"), max_length=Tenant._meta.get_field("name").max_length)
    time_zone = forms.ChoiceField(
        label=_("Time zone"), choices=zone_choices, help_text=_("Days and months begin here.")
    )
    currency = forms.ChoiceField(label=_("Currency"), choices=Currency.choices, help_text=_("Sums are shown in it."))
    language = forms.ChoiceField(
        label=_("Default language"), choices=language_choices, help_text=_("For people who chose none, and for mail.")
    )


class LaunchStageForm(AccessibleForm):
    """Another launch stage, and why."""

    stage = forms.ChoiceField(label=_("Launch stage"), choices=LaunchStage.choices)
    reason = forms.CharField(label=_("Reason"), max_length=300)


class DomainForm(AccessibleForm):
    """An own domain."""

    domain = forms.CharField(label=_("Domain"), max_length=253, help_text=_("For example app.example.com."))


class CloseForm(AccessibleForm):
    """Closing a workspace needs its address typed."""

    confirm = forms.CharField(
        label=_("Type the workspace's address to confirm"),
        max_length=40,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false", "dir": "ltr"}
        ),
    )
    reason = forms.CharField(label=_("Why do you leave? (if you like)"), max_length=300, required=False)

    def __init__(self, *args: object, slug: str, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.slug = slug

    def clean_confirm(self) -> str:
        """The address, exactly."""
        if self.cleaned_data["confirm"].strip() != self.slug:
            raise forms.ValidationError(_("Type the workspace's address exactly: %(slug)s.") % {"slug": self.slug})
        return self.slug


class CopyForm(AccessibleForm):
    """A second workspace with everything this one holds."""

    name = forms.CharField(label=_("Name of the copy"), max_length=Tenant._meta.get_field("name").max_length)
