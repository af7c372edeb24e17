"""Sign-in with a service: authorization code flow (RFC 6749) with PKCE (RFC 7636), through authlib over the guarded wire.

The state parameter is bound to tenant (the row lives in its schema), person and session, and is used at most once.
"""

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.utils import timezone

from apps.connectors import connections, credentials
from apps.connectors.adapters import mount
from apps.connectors.conf import (
    OAuthClient,
    is_operator_address,
    oauth_client,
    oauth_variables,
    operator_address,
    timing,
)
from apps.connectors.contracts import ConnectionView, Connector, OAuth
from apps.connectors.enums import AuthKind
from apps.connectors.errors import CredentialsRefused, RemoteRefused, SignInExpired, SignInFailed, SignInUnavailable
from apps.connectors.models import Connection, SignIn
from apps.connectors.registries import connectors
from apps.connectors.wire import Answer, Wire, coded_inside, explain_status
from apps.core.errors import NotFound, PlatformError
from apps.core.redaction import redact_text, remember_secret

EARLY_S = 30
CALL_S = 30.0


def begin(
    *,
    connector: str,
    user_id: int,
    session_key: str,
    redirect_uri: str,
    name: str = "",
    connection_id: UUID | None = None,
) -> str:
    """Remember that this person in this session is about to sign in, and return the service's address to send the browser to.

    Raises ``NotFound``, ``SignInUnavailable`` naming what the operator must set.
    """
    manifest, rules = _rules(connector)
    client = _client(manifest, rules)
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
    attempt = SignIn(
        connector=connector, connection_id=connection_id, user_id=user_id, state_hash=_hash(state),
        session_hash=_hash(session_key), redirect_uri=redirect_uri, name=name[:120],
        expires_at=timezone.now() + timedelta(seconds=timing().sign_in_s),
    )  # fmt: skip
    attempt.verifier = verifier
    attempt.save()
    session = _session(manifest, rules, client, redirect_uri=redirect_uri)
    options: dict[str, Any] = dict(rules.extra)
    if rules.pkce:
        options["code_verifier"] = verifier
    address, _state = session.create_authorization_url(endpoint(manifest, rules.authorize_url), state=state, **options)
    return str(address)


def finish(*, state: str, code: str, error: str, user_id: int, session_key: str) -> ConnectionView:
    """The browser is back: trade the code for tokens, ask the service who we are, keep the connection.

    A state that is unknown, old, used, of another person or another session is ``SignInExpired``; nothing is called then. A second
    call with the same state is refused. Makes network calls. Raises ``SignInFailed``, and what connecting raises.
    """
    attempt = _take(state=state, user_id=user_id, session_key=session_key)
    manifest, rules = _rules(attempt.connector)
    if error or not code:
        raise SignInFailed(service=str(manifest.title), reason=redact_text(error or "no code")[:100])
    client = _client(manifest, rules)
    session = _session(manifest, rules, client, redirect_uri=attempt.redirect_uri)
    answer = _asked(
        manifest, rules, lambda: session.fetch_token(
            endpoint(manifest, rules.token_url), grant_type="authorization_code", code=code,
            code_verifier=str(attempt.verifier) if rules.pkce else None,
        ),
    )  # fmt: skip
    values, ends, scopes = tokens_of(answer, rules)
    return connections.keep(
        manifest, address=operator_address(manifest.slug) or manifest.base_url, secret=credentials.pack(values),
        auth=AuthKind.OAUTH, name=attempt.name, token_expires_at=ends, scopes=scopes,
    )  # fmt: skip


def renewed(manifest: Connector, refresh_token: str) -> tuple[dict[str, str], datetime | None, str]:
    """New tokens for a refresh token, which may be used up by this. Network only.

    Raises ``CredentialsRefused`` when the access was taken back or the token was used before.
    """
    rules = manifest.oauth
    if rules is None:
        raise NotFound(detail=f"{manifest.slug} has no sign-in")
    session = _session(manifest, rules, _client(manifest, rules))
    try:
        answer = _asked(
            manifest,
            rules,
            lambda: session.refresh_token(endpoint(manifest, rules.token_url), refresh_token=refresh_token),
        )
    except (SignInFailed, RemoteRefused) as error:
        raise CredentialsRefused(detail=error.detail) from error
    values, ends, scopes = tokens_of(answer, rules)
    values.setdefault("refresh_token", refresh_token)
    return values, ends, scopes


def revoke(connection: Connection) -> None:
    """Ask the service to forget our tokens, where it offers that; a failure is no reason to keep them here."""
    manifest = connectors.get(connection.connector)
    rules = manifest.oauth
    if rules is None or not rules.revoke_url or connection.auth != AuthKind.OAUTH or not connection.secret:
        return
    token = credentials.unpack(str(connection.secret)).get("refresh_token") or credentials.unpack(
        str(connection.secret)
    ).get("token", "")
    try:
        _wire(manifest).send(
            "POST", endpoint(manifest, rules.revoke_url), content=f"token={token}",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )  # fmt: skip
    except PlatformError:
        return


def available(manifest: Connector) -> bool:
    """Whether the operator registered this installation with the service."""
    return manifest.oauth is not None and oauth_client(manifest.oauth.client) is not None


def endpoint(manifest: Connector, address: str) -> str:
    """A sign-in address of the service: below the operator's address where there is one, else its own."""
    base = operator_address(manifest.slug)
    if base:
        return f"{base.rstrip('/')}{urlsplit(address).path}"
    return address if "://" in address else f"{manifest.base_url}{address}"


def tokens_of(answer: Mapping[str, Any], rules: OAuth) -> tuple[dict[str, str], datetime | None, str]:
    """The tokens to keep, when the access token ends, and what was granted."""
    found = rules.token(answer) if rules.token else answer
    access = found.get("access_token")
    if not isinstance(access, str) or not access:
        raise CredentialsRefused(detail=f"no access token: {sorted(answer)}")
    values = {credentials.TOKEN: remember_secret(access)}
    if isinstance(found.get("refresh_token"), str) and found["refresh_token"]:
        values["refresh_token"] = remember_secret(found["refresh_token"])
    seconds = found.get("expires_in")
    ends = (
        timezone.now() + timedelta(seconds=max(0, int(seconds) - EARLY_S)) if isinstance(seconds, int | float) else None
    )
    granted = found.get("scope") or ""
    scopes = " ".join(granted) if isinstance(granted, list) else str(granted).replace(",", " ")
    return {name: str(value) for name, value in values.items()}, ends, scopes


def _take(*, state: str, user_id: int, session_key: str) -> SignIn:
    """The attempt that belongs to this state, person and session, taken so that nobody takes it again."""
    now = timezone.now()
    mine = SignIn.objects.filter(state_hash=_hash(state), user_id=user_id, session_hash=_hash(session_key))
    if mine.filter(used_at=None, expires_at__gt=now).update(used_at=now) != 1:
        raise SignInExpired
    return mine.get()


def _asked(manifest: Connector, rules: OAuth, ask: Any) -> Mapping[str, Any]:
    """The token endpoint's answer; authlib's and the wire's failures as ours."""
    try:
        return dict(ask())
    except Exception as error:
        coded = coded_inside(error)
        if coded is not None:
            raise coded from error
        reason = redact_text(str(getattr(error, "error", "") or type(error).__name__))[:100]
        raise SignInFailed(service=str(manifest.title), reason=reason, detail=reason) from error


def _session(manifest: Connector, rules: OAuth, client: OAuthClient, *, redirect_uri: str = "") -> Any:
    from authlib.integrations.requests_client import OAuth2Session

    session = OAuth2Session(
        client.client_id, client.client_secret, scope=rules.scope_separator.join(rules.scopes), redirect_uri=redirect_uri or None,
        token_endpoint_auth_method=rules.auth, code_challenge_method="S256",
    )  # fmt: skip
    mount(session, _wire(manifest))
    return session


def _wire(manifest: Connector) -> Wire:
    operator = operator_address(manifest.slug)
    return Wire(
        purpose=f"{manifest.slug}-sign-in", explain=_explain, timeout_s=CALL_S,
        operator=bool(operator) and is_operator_address(manifest.slug, operator or ""),
    )  # fmt: skip


def _explain(answer: Answer) -> PlatformError | None:
    """RFC 6749 5.2: 400 and 401 carry ``error``, which authlib reads; anything else is coded here."""
    return None if answer.status in (400, 401) and answer.field("error") else explain_status(answer)


def _rules(connector: str) -> tuple[Connector, OAuth]:
    manifest = connectors.get(connector)
    if manifest.oauth is None:
        raise NotFound(detail=f"{connector} has no sign-in")
    return manifest, manifest.oauth


def _client(manifest: Connector, rules: OAuth) -> OAuthClient:
    client = oauth_client(rules.client)
    if client is None:
        raise SignInUnavailable(service=str(manifest.title), variables=oauth_variables(rules.client))
    return client


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
