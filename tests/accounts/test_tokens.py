"""Tokens of API clients: where they work, how they rotate, what ends them."""

import threading
import time
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.db import connections
from django.test import Client

from apps.accounts.models import ApiSession, Membership, User
from apps.accounts.services.tokens import revoke_all_sessions
from apps.tenants.contracts import TenantRef
from apps.tenants.services.lifecycle import raise_epoch
from tests.cast import PASSWORD

PATH = "/api/v1/auth"


def call(path: str, body: dict[str, Any], host: str = "acme.localhost") -> Any:
    return Client(SERVER_NAME=host).post(f"{PATH}/{path}/", body, content_type="application/json")


def sign_in(host: str = "acme.localhost", **changes: str) -> Any:
    return call("token", {"email": "owner@acme.example", "password": PASSWORD, **changes}, host)


def schema(token: str, host: str = "acme.localhost") -> int:
    return Client(SERVER_NAME=host).get("/api/v1/schema/", headers={"Authorization": f"Bearer {token}"}).status_code


def test_a_pair_opens_the_api_of_its_own_workspace(user: User) -> None:
    answer = sign_in()
    pair = answer.json()
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert (pair["access_expires_in"], pair["refresh_expires_in"], pair["token_type"]) == (900, 86400, "Bearer")
    assert schema(pair["access"]) == 200


def test_a_token_is_worthless_elsewhere(user: User, other_tenant: TenantRef) -> None:
    Membership.objects.create(user=user, tenant_id=other_tenant.id, role="owner")
    pair = sign_in().json()
    assert schema(pair["access"], "globex.localhost") == 401
    assert call("refresh", {"refresh": pair["refresh"]}, "globex.localhost").status_code == 401
    assert call("refresh", {"refresh": pair["refresh"]}).status_code == 200


def test_access_and_refresh_are_not_interchangeable(user: User) -> None:
    pair = sign_in().json()
    assert schema(pair["refresh"]) == 401
    assert call("refresh", {"refresh": pair["access"]}).status_code == 401


@pytest.mark.parametrize("changes", [
    {"password": "wrong"}, {"email": "nobody@acme.example"}, {"email": "outsider@globex.example"},
])  # fmt: skip
def test_every_wrong_detail_gets_the_same_answer(db: None, changes: dict[str, str]) -> None:
    answer = sign_in(**changes)
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_credentials")
    assert not ApiSession.objects.exists()


@pytest.mark.parametrize("body", [
    {}, {"email": "owner@acme.example"}, {"email": 7, "password": "x"}, {"email": "x", "password": "x"},
    {"email": "owner@acme.example", "password": "x" * 2000}, {"email": "owner@acme.example", "password": "x", "admin": True},
])  # fmt: skip
def test_malformed_bodies_name_the_field(db: None, body: dict[str, Any]) -> None:
    answer = call("token", body)
    assert (answer.status_code, bool(answer.json()["fields"])) == (400, True)


def test_rotation_spends_the_old_token_and_reuse_ends_the_family(user: User) -> None:
    first = sign_in().json()
    second = call("refresh", {"refresh": first["refresh"]}).json()
    assert schema(second["access"]) == 200
    assert call("refresh", {"refresh": first["refresh"]}).status_code == 401
    assert ApiSession.objects.get().revoked_reason == "reuse"
    assert call("refresh", {"refresh": second["refresh"]}).status_code == 401
    assert schema(second["access"]) == 401


@pytest.mark.django_db(transaction=True)
def test_of_parallel_exchanges_of_one_token_at_most_one_wins() -> None:
    refresh = sign_in().json()["refresh"]
    answers: list[int] = []

    def exchange() -> None:
        answers.append(call("refresh", {"refresh": refresh}).status_code)
        connections.close_all()

    threads = [threading.Thread(target=exchange) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count(200) <= 1
    assert ApiSession.objects.get().revoked_reason == "reuse"


def test_revoking_is_quiet_and_final(user: User) -> None:
    pair = sign_in().json()
    assert call("revoke", {"refresh": "nonsense"}).status_code == 204
    assert schema(pair["access"]) == 200
    assert call("revoke", {"refresh": pair["refresh"]}).status_code == 204
    assert schema(pair["access"]) == 401


def test_leaving_the_workspace_ends_access_at_once(viewer: User) -> None:
    pair = sign_in(email=viewer.email).json()
    Membership.objects.filter(user=viewer).delete()
    assert schema(pair["access"]) == 401
    assert call("refresh", {"refresh": pair["refresh"]}).status_code == 401


def test_a_restore_voids_tokens(user: User, db: None) -> None:
    pair = sign_in().json()
    raise_epoch(tenant_id=Membership.objects.get(user=user).tenant_id, reason="restored")
    assert schema(pair["access"]) == 401


def test_a_new_password_ends_every_family(user: User) -> None:
    pair = sign_in().json()
    assert revoke_all_sessions(user_id=user.pk, reason="password") == 1
    assert schema(pair["access"]) == 401


def test_the_second_factor_is_asked_for_and_works_once(user: User) -> None:
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    assert sign_in().json()["code"] == "second_factor_required"
    assert sign_in(password="wrong").json()["code"] == "invalid_credentials"
    assert sign_in(code="000000").json()["code"] == "invalid_credentials"
    code = format_hotp_value(hotp_value(secret, int(time.time()) // 30))
    assert sign_in(code=code).status_code == 200
    assert sign_in(code=code).json()["code"] == "invalid_credentials"


def test_the_stored_factor_is_encrypted(user: User) -> None:
    from allauth.mfa.models import Authenticator

    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    assert secret not in str(Authenticator.objects.get().data)


def test_guessing_one_account_is_throttled_over_all_workspaces(db: None) -> None:
    codes = [sign_in(host=host, password="wrong").status_code for host in ("acme.localhost", "globex.localhost") * 6]
    assert codes[:10] == [401] * 10
    assert codes[10:] == [429, 429]


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer a b", "Bearer x.y.z", "bearer é", "Basic abc", "Bearer " + "x" * 5000]
)
def test_garbled_headers_are_refused(db: None, header: str) -> None:
    answer = Client(SERVER_NAME="acme.localhost").get("/api/v1/schema/", headers={"Authorization": header})
    assert answer.status_code == 401
