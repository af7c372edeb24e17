"""Pages about oneself: profile and the overview of what protects the account."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_GET, require_http_methods

from apps.accounts.forms import ProfileForm
from apps.accounts.guards import signed_in_required
from apps.accounts.models import ApiSession
from apps.accounts.preferences import NAMES, keep_in_cookies
from apps.accounts.services.preferences import change_name, change_preferences


@signed_in_required
@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """Name, language, time zone and looks. Faulty input is shown again as it was typed."""
    person = request.user
    form = ProfileForm(
        request.POST if request.method == "POST" else None,
        initial={name: getattr(person, name) for name in ("name", *NAMES)},
    )
    if request.method == "POST" and form.is_valid():
        wishes = dict(form.cleaned_data)
        change_name(person=person, name=wishes.pop("name"))
        changes = change_preferences(person=person, wishes=wishes)
        with override(changes["language"] or request.LANGUAGE_CODE):
            messages.success(request, _("Saved."))
        response = redirect("accounts:profile")
        keep_in_cookies(response, changes, secure=request.is_secure())
        return response
    return render(request, "accounts/profile.html", {"form": form}, status=400 if form.errors else 200)


@signed_in_required
@require_GET
def security(request: HttpRequest) -> HttpResponse:
    """What protects the account, each line leading to where it is changed."""
    person = request.user
    factors = list(Authenticator.objects.filter(user=person))
    kinds = [factor.type for factor in factors]
    context = {
        "email": EmailAddress.objects.filter(user=person, primary=True).first(),
        "has_password": person.has_usable_password(),
        "passkeys": kinds.count(Authenticator.Type.WEBAUTHN),
        "has_totp": Authenticator.Type.TOTP in kinds,
        "has_codes": Authenticator.Type.RECOVERY_CODES in kinds,
        "sessions": sum(1 for one in UserSession.objects.filter(user=person) if one.exists()),
        "api_sessions": ApiSession.objects.filter(user=person, revoked_at=None).count(),
        "accounts": SocialAccount.objects.filter(user=person).count(),
    }
    return render(request, "accounts/security.html", context)
