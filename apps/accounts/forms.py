"""Forms of people."""

from typing import Any

from allauth.account.forms import SignupForm as AllauthSignupForm
from allauth.socialaccount.forms import SignupForm as AllauthSocialSignupForm
from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.accounts.enums import Density, Motion, Role, Theme
from apps.accounts.models import User
from apps.accounts.preferences import language_choices, zone_choices
from apps.core.forms import AccessibleForm


class SignupForm(AllauthSignupForm):
    """Address, name and, if wanted, a password; without one, codes by e-mail sign the person in."""

    name = forms.CharField(
        label=_("Your name"),
        max_length=User._meta.get_field("name").max_length,
        widget=forms.TextInput(attrs={"autocomplete": "name", "autofocus": True}),
    )
    field_order = ["name", "email", "password1"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("E-mail")
        self.fields["email"].widget.attrs.pop("placeholder", None)
        self.fields["email"].widget.attrs["dir"] = "ltr"


class SocialSignupForm(AllauthSocialSignupForm):
    """What another service did not say."""

    name = forms.CharField(
        label=_("Your name"),
        max_length=User._meta.get_field("name").max_length,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    field_order = ["name", "email"]

    def save(self, request: HttpRequest) -> User:
        """Keep the name."""
        user: User = super().save(request)
        User.objects.filter(pk=user.pk).update(name=self.cleaned_data["name"])
        return user


class InvitationForm(AccessibleForm):
    """Whom to invite, and as what."""

    email = forms.EmailField(
        label=_("E-mail"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "off", "dir": "ltr"})
    )
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, initial=Role.EDITOR)


class ProfileForm(AccessibleForm):
    """How a person wants to be called and how pages look to them."""

    name = forms.CharField(
        label=_("Your name"),
        max_length=User._meta.get_field("name").max_length,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    language = forms.ChoiceField(
        label=_("Language"), required=False, choices=lambda: [("", _("Like the browser")), *language_choices()]
    )
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=zone_choices)
    theme = forms.ChoiceField(label=_("Colours"), choices=Theme.choices)
    density = forms.ChoiceField(label=_("Density"), choices=Density.choices)
    motion = forms.ChoiceField(label=_("Motion"), choices=Motion.choices)
    single_key_shortcuts = forms.BooleanField(
        label=_("Single keys do things"),
        required=False,
        help_text=_("For example j and k move through lists. Ctrl or Cmd with K always opens the search."),
    )
