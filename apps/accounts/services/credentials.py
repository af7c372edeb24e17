"""Checks address, password and second factor for API clients, without saying which part was wrong."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from apps.accounts.errors import InvalidCredentials, SecondFactorRequired
from apps.accounts.models import User
from apps.accounts.selectors import get_membership


def check_credentials(*, request: HttpRequest, email: str, password: str, code: str, tenant_id: int) -> User:
    """The person these details belong to, if it is a member of the tenant.

    Unknown address, wrong password, wrong code, unverified address and missing membership all raise ``InvalidCredentials``;
    an unknown address costs as much time as a wrong password. ``SecondFactorRequired`` is only said to who has the password.
    """
    person = ModelBackend().authenticate(request, username=email, password=password)
    if person is None or not _is_verified(person) or get_membership(user_id=person.pk, tenant_id=tenant_id) is None:
        raise InvalidCredentials
    factors = {factor.type: factor for factor in Authenticator.objects.filter(user=person)}
    if not factors:
        return person
    if not code:
        raise SecondFactorRequired
    if not _fits(factors, code):
        raise InvalidCredentials
    return person


def _is_verified(person: User) -> bool:
    """False only for people who signed up and never proved the address."""
    known = (
        EmailAddress.objects.filter(user=person, email__iexact=person.email).values_list("verified", flat=True).first()
    )
    return known is not False


def _fits(factors: dict[str, Authenticator], code: str) -> bool:
    totp, recovery = factors.get(Authenticator.Type.TOTP), factors.get(Authenticator.Type.RECOVERY_CODES)
    if totp is not None and TOTP(totp).validate_code(code):
        return True
    return recovery is not None and RecoveryCodes(recovery).validate_code(code)
