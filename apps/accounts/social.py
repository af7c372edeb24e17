"""Where allauth asks us about sign-in through other services."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.http import HttpRequest
from django.utils import timezone

from apps.accounts.oidc.provider import require_nonce
from apps.core.outbound import guarded_session

SECONDS = 10


class SocialAdapter(DefaultSocialAccountAdapter):
    """Other services are offered on the platform's own host only: their redirect addresses cannot follow each workspace.

    An address another service reports never opens an existing account: its owner connects the service after signing in.
    """

    def get_requests_session(self) -> Any:
        """By the guarded way out: the operator chose the provider, but what its answers point to is the provider's choice."""
        return guarded_session(purpose="sign-in", timeout=SECONDS, user_given=False)

    def list_apps(self, request: HttpRequest, provider: str | None = None, client_id: str | None = None) -> list[Any]:
        """None on a workspace's host; its sign-in page leads to the platform's."""
        if getattr(request, "tenant", None) is not None:
            return []
        return list(super().list_apps(request, provider=provider, client_id=client_id))

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Raises ``OAuth2Error`` when the answer belongs to another sign-in."""
        require_nonce(sociallogin)

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """As for addresses: at the platform."""
        return getattr(request, "tenant", None) is None

    def is_auto_signup_allowed(self, request: HttpRequest, sociallogin: Any) -> bool:
        """Without a further form when the service vouches for an address that is nobody's here."""
        address = sociallogin.email_addresses[0] if sociallogin.email_addresses else None
        if address is None or not address.verified:
            return False
        return not EmailAddress.objects.filter(email__iexact=address.email).exists() and super().is_auto_signup_allowed(
            request, sociallogin
        )

    def new_user(self, request: HttpRequest, sociallogin: Any) -> Any:
        """A person that can wait in the session until a further form is filled in: no value is left to the database."""
        user = super().new_user(request, sociallogin)
        user.joined_at = timezone.now()
        return user

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: dict[str, Any]) -> Any:
        """Take the name over as well."""
        user = super().populate_user(request, sociallogin, data)
        user.name = str(data.get("name") or "")[:120]
        user.language = getattr(request, "LANGUAGE_CODE", "") or ""
        return user
