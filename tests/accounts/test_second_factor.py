"""Password and authenticator app, recovery codes once each, through the front door."""

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.test import Client

from apps.accounts.models import User
from tests.cast import PASSWORD


@pytest.fixture
def secret(user: User) -> str:
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    return secret


def half_way(user: User) -> Client:
    client = Client(SERVER_NAME="acme.localhost")
    answer = client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert answer["Location"].startswith("/accounts/2fa/authenticate/")
    assert client.get("/").status_code == 302
    return client


def test_the_password_alone_does_not_sign_in_and_the_code_does_once(user: User, secret: str) -> None:
    code = format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))
    client = half_way(user)
    page = client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert page.status_code == 200
    assert client.get("/").status_code == 302
    client.post("/accounts/2fa/authenticate/", {"code": code})
    assert client.get("/").status_code == 200
    again = half_way(user)
    again.post("/accounts/2fa/authenticate/", {"code": code})
    assert again.get("/").status_code == 302


def test_a_recovery_code_works_once(user: User, secret: str) -> None:
    code = RecoveryCodes.activate(user).get_unused_codes()[0]
    first, second = half_way(user), half_way(user)
    first.post("/accounts/2fa/authenticate/", {"code": code})
    assert first.get("/").status_code == 200
    second.post("/accounts/2fa/authenticate/", {"code": code})
    assert second.get("/").status_code == 302
