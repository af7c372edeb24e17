"""Where django-allauth asks us: redirects, sign-up, mail, second factors."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from apps.core.crypto import decrypt, encrypt

MFA_SECRETS = "public/mfa_authenticator/data"


class AccountAdapter(DefaultAccountAdapter):
    """Sign-up happens on the platform's own host; sign-in works on every host."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Closed on tenant hosts: a new person starts at the platform, or with an invitation, which leads there."""
        return getattr(request, "tenant", None) is None

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """A tenant's host shows its portal, the platform's host the choice of workspaces."""
        return "/" if getattr(request, "tenant", None) is not None else reverse("tenants:workspace_list")

    def get_signup_redirect_url(self, request: HttpRequest) -> str:
        """A new person makes a workspace, or finds the ones it was invited to."""
        return reverse("tenants:workspace_list")

    def get_logout_redirect_url(self, request: HttpRequest) -> str:
        """Back to the sign-in page of the same host."""
        return reverse("account_login")

    def save_user(self, request: HttpRequest, user: Any, form: Any, commit: bool = True) -> Any:  # noqa: FBT001, FBT002 - allauth's signature
        """Keep the name and the language the person signed up in."""
        user.name = form.cleaned_data.get("name", "")
        user.language = getattr(request, "LANGUAGE_CODE", "") or ""
        return super().save_user(request, user, form, commit=commit)

    def format_email_subject(self, subject: str) -> str:
        """The product's name in front instead of the host's, which differs from tenant to tenant."""
        return f"EchoPilot: {subject}"


class MfaAdapter(DefaultMFAAdapter):
    """Second factors: secrets are stored encrypted, passkeys work on every subdomain."""

    def encrypt(self, text: str) -> str:
        """Encrypt a TOTP secret or recovery seed for the table of authenticators."""
        return encrypt(text, context=MFA_SECRETS)

    def decrypt(self, encrypted_text: str) -> str:
        """Read it back. Raises ``DecryptionFailed`` when it was changed or its key is gone."""
        return str(decrypt(encrypted_text, context=MFA_SECRETS))

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Passkeys belong to the parent domain, so that one serves all workspaces; own domains stand for themselves.

        WebAuthn Level 3, 5.1.2: the RP ID is the host or a registrable suffix of it.
        """
        host = context.request.get_host().partition(":")[0]
        parent = settings.BASE_DOMAIN
        return {"id": parent if host == parent or host.endswith(f".{parent}") else host, "name": "EchoPilot"}
