"""Forms of tenancy."""

from django import forms
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from apps.tenants.enums import LaunchStage
from apps.tenants.models import Tenant


class WorkspaceForm(forms.Form):
    """A new workspace; the address is made from the name when left empty."""

    name = forms.CharField(label=_("Name of the workspace"), max_length=Tenant._meta.get_field("name").max_length)
    slug = forms.CharField(
        label=_("Address"),
        max_length=40,
        required=False,
        help_text=_("Small letters, digits and dashes. Leave it empty to use the name."),
    )

    def clean(self) -> dict[str, str]:
        """Fill in the address."""
        cleaned = super().clean() or {}
        if not cleaned.get("slug"):
            cleaned["slug"] = slugify(cleaned.get("name", ""))[:40].strip("-")
        return cleaned


class LaunchStageForm(forms.Form):
    """Another launch stage, and why."""

    stage = forms.ChoiceField(label=_("Launch stage"), choices=LaunchStage.choices)
    reason = forms.CharField(label=_("Reason"), max_length=300)


class DomainForm(forms.Form):
    """An own domain."""

    domain = forms.CharField(label=_("Domain"), max_length=253, help_text=_("For example app.example.com."))


class DeletionForm(forms.Form):
    """Deleting a workspace needs its address typed."""

    confirm = forms.CharField(label=_("Type the workspace's address to confirm"), max_length=40)
    reason = forms.CharField(label=_("Reason"), max_length=300, required=False)
