"""The way to the provider and back."""

from allauth.account.internal.decorators import login_not_required
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from apps.accounts.hosts import lead_to
from apps.accounts.oidc.provider import CheckedAdapter
from apps.core.errors import NotFound
from apps.core.policy import public


@public(reason="Starts a sign-in at another service; who comes back is checked there.")
@login_not_required
def login(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Say where it goes, then lead there by a page: ``form-action`` stops a redirect after a form."""
    try:
        adapter = CheckedAdapter(request, provider_id)
        response = OAuth2LoginView.adapter_view(adapter)(request)
        if isinstance(response, HttpResponseRedirect) and "://" in response.url:
            return lead_to(request, response.url, adapter.get_provider().name)
        return response
    except SocialApp.DoesNotExist:
        raise NotFound from None


@public(reason="The answer of the other service: state, PKCE, nonce and signature are checked.")
@login_not_required
def callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Finish the sign-in, or say that it failed."""
    try:
        return OAuth2CallbackView.adapter_view(CheckedAdapter(request, provider_id))(request)
    except SocialApp.DoesNotExist:
        raise NotFound from None
