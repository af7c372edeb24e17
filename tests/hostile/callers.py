"""Every place in the product that goes to an address somebody gave, driven by its own entry point.

``covers`` names the files whose guarded call sites a caller exercises; ``tests/architecture/test_ways_out.py`` fails when a site is
covered by none. A caller that takes a host instead of an address is handed the form's host.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import uuid4

from tests.hostile.forms import Form

Json = Any
TIMEOUT_S = 5
# Actions of one connector share their way out, so each takes a part of the forms; boto3 takes half a second to begin.
EVERY = {"http": 1, "s3": 40}
SECRETS = {"token": "token-of-the-test", "password": "pw", "secret_access_key": "k" * 40, "access_key_id": "AK" + "I" * 18,
           "bucket": "bucket", "region": "eu-central-1", "sender": "a@b.example", "user": "u", "port": "587", "kind": "bearer"}  # fmt: skip


@dataclass(frozen=True)
class Caller:
    """``call(form)`` makes the product go there; ``connects`` False: it only looks, so it is not expected to reach anything."""

    name: str
    call: Callable[[Form], object]
    covers: tuple[str, ...]
    connects: bool = True
    every: int = 1
    http: bool = True


def all_callers() -> list[Caller]:
    """The list; connectors and their actions come from the registry."""
    from apps.connectors.registries import connectors

    found = [
        Caller("client", _client, ("apps/core/outbound/clients.py",)),
        Caller("http2_client", _http2_client, ("apps/core/outbound/clients.py",)),
        Caller("open_socket", _socket, ("apps/core/outbound/sockets.py",), http=False),
        Caller("guarded_session", _session, ("apps/core/outbound/sessions.py", "apps/accounts/social.py")),
        Caller("model provider", _model, ("apps/ai/gateway/wire.py",)),
        Caller("model provider preflight", _model_list, ("apps/ai/preflight.py",)),
        Caller("webhook out, stored", _webhook, ("apps/connectors/webhooks_out/sending.py",)),
        Caller("webhook out, typed", _webhook_typed, ("apps/connectors/webhooks_out/endpoints.py",), connects=False),
        Caller("design, drawn", _drawn, ("apps/workflows/authoring/bounds.py",), connects=False),
        Caller("web push, stored", _push, ("apps/portal/pwa/sending.py",)),
        Caller("web push, typed", _push_typed, ("apps/portal/pwa/subscriptions.py",), connects=False),
        Caller("sign-in, discovery", _oidc_discovery, ("apps/accounts/social.py",)),
        Caller("sign-in, token", _oidc_token, ("apps/accounts/social.py",)),
        Caller("sign-in, profile and keys", _oidc_profile, ("apps/accounts/social.py",)),
        Caller("service sign-in, renewal", _renewal, ("apps/connectors/sign_in.py",)),
    ]
    for manifest in connectors:
        found.append(_connecting(manifest.slug))
        found += [_action(manifest.slug, action.slug) for action in manifest.actions]
    return found


def _drawn(form: Form) -> object:
    from apps.workflows.authoring.bounds import overreach

    made = {"steps": {"a": {"type": "http.get", "with": {"inputs": {"url": form.url}}}}}
    return list(overreach(made, goal="", base=None, connections=()))


def _client(form: Form) -> object:
    from apps.core.outbound import client

    with client(purpose="hostile", timeout=TIMEOUT_S) as http:
        return http.get(form.url)


def _http2_client(form: Form) -> object:
    from apps.core.outbound import http2_client

    with http2_client(purpose="hostile", timeout=TIMEOUT_S) as http:
        return http.post(form.url, content=b"x")


def _socket(form: Form) -> object:
    from apps.core.outbound import open_socket

    port = form.url.rpartition(":")[2].partition("/")[0]
    number = int(port) if port.isascii() and port.isdigit() and int(port) < 65_536 else 587
    return open_socket(form.host, number, ports=frozenset({587, number}), timeout=TIMEOUT_S).close()


def _session(form: Form) -> object:
    from apps.core.outbound import guarded_session

    return guarded_session(purpose="hostile", timeout=TIMEOUT_S).get(form.url)


def _model(form: Form) -> object:
    from apps.ai.contracts import Message
    from apps.ai.gateway import wire

    class Keys:
        def get(self, _endpoint: str) -> str:
            return "key"

    candidate = {"base_url": form.url, "endpoint": "e", "model": "m", "max_tokens": 5, "official": False, "thinks": False,
                 "small": False}  # fmt: skip
    call = wire.Call(candidate=candidate, messages=(Message(role="user", content="Hi"),), temperature=0.1, response_schema=None,
                     timeout_s=TIMEOUT_S)  # fmt: skip
    return wire.send(call, Keys())  # type: ignore[arg-type]


def _model_list(form: Form) -> object:
    from apps.ai.conf import Endpoint
    from apps.ai.preflight import _list

    return _list(Endpoint(name="e", base_url=form.url, api_key="k", prices="free"))


def _webhook(form: Form) -> object:
    from apps.connectors.webhooks_out import sending

    answer = sending.post(form.url, b"{}", {"Content-Type": "application/json"})
    if answer.problem:
        raise Said(answer.problem)
    return answer


def _webhook_typed(form: Form) -> object:
    from apps.connectors.webhooks_out import endpoints

    return endpoints.create_endpoint(name="x", url=form.url, types=["*"])


def _push(form: Form) -> object:
    from apps.portal.models import PushSubscription
    from apps.portal.pwa import sending

    row = PushSubscription(pk=uuid4(), tenant_id=0, user_id=0, endpoint=form.url)
    return sending._deliver(row, b"x", {})


def _push_typed(form: Form) -> object:
    from apps.portal.pwa.subscriptions import subscribe

    keys = {"p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
            "auth": "BTBZMqHH6r4Tts7J_aSIgg"}  # fmt: skip
    person, tenant = _owner()
    return subscribe(
        tenant_id=tenant, user_id=person, session_key="s", data={"endpoint": form.url, "keys": keys}, language="en"
    )


@cache
def _owner() -> tuple[int, int]:
    from apps.accounts.models import User
    from apps.tenants.facade import get_tenant

    return User.objects.get(email="owner@acme.example").pk, get_tenant(slug="acme").id


def _oidc_app(server_url: str, **overrides: str) -> Any:
    """Makes the next sign-in use this provider; ``overrides`` stand for what its discovery document says."""
    from django.test import override_settings

    document = {"issuer": "x", "authorization_endpoint": "https://idp.example/authorize", **overrides}
    app = {"provider_id": "sso", "name": "SSO", "client_id": "c", "secret": "s",
           "settings": {"server_url": server_url, "openid_configuration_overrides": document}}  # fmt: skip
    provider = {"provider_class": "apps.accounts.oidc.provider.CheckedProvider", "APPS": [app]}
    return override_settings(SOCIALACCOUNT_PROVIDERS={"openid_connect": provider})


def _oidc_discovery(form: Form) -> object:
    from django.test import Client

    with _oidc_app(form.url):
        return _page(Client(SERVER_NAME="localhost").post("/accounts/oidc/sso/login/"))


def _oidc_token(form: Form) -> object:
    from apps.accounts.oidc.provider import CheckedAdapter

    return _adapter_step(CheckedAdapter, lambda adapter: adapter.get_client(adapter.request, adapter.get_provider().app)
                         .get_access_token("code"), token_endpoint=form.url)  # fmt: skip


def _oidc_profile(form: Form) -> object:
    from allauth.socialaccount.models import SocialToken

    from apps.accounts.oidc.provider import CheckedAdapter

    def both(adapter: Any) -> object:
        app, token = adapter.get_provider().app, SocialToken(token="token")
        answer = {"id_token": "eyJhbGciOiJSUzI1NiIsImtpZCI6ImsifQ.e30.AAAA"}
        try:
            return adapter.complete_login(adapter.request, app, token, response=answer)
        finally:
            app.settings["fetch_userinfo"] = False
            adapter.complete_login(adapter.request, app, token, response=answer)

    return _adapter_step(CheckedAdapter, both, userinfo_endpoint=form.url, jwks_uri=form.url)


def _adapter_step(kind: Any, step: Callable[[Any], object], **overrides: str) -> object:
    from allauth.core import context
    from django.contrib.sessions.backends.signed_cookies import SessionStore
    from django.test import RequestFactory

    from apps.accounts.oidc.provider import NEEDED

    request = RequestFactory().get("/", HTTP_HOST="localhost")
    request.session = SessionStore()
    with _oidc_app("https://idp.example/", **overrides), context.request_context(request):
        adapter = kind(request, "sso")
        adapter._openid_config = dict.fromkeys(NEEDED, "https://idp.example/x") | overrides
        return step(adapter)


def _page(response: Any) -> object:
    if response.status_code >= 500 and response.status_code != 503:
        raise RuntimeError(f"page answered {response.status_code}")
    if response.status_code >= 400:
        raise Said(str(response.status_code))
    return response


def _renewal(form: Form) -> object:
    """Where the operator's own address of a service answers with a redirect, or was changed to something inside."""
    from django.test import override_settings

    from apps.connectors import sign_in
    from apps.connectors.conf import OAuthClient
    from apps.connectors.registries import connectors

    client = OAuthClient(client_id="c", client_secret="s")
    with override_settings(CONNECTOR_ADDRESSES={"hubspot": form.url}, CONNECTOR_CLIENTS={"hubspot": client}):
        return sign_in.renewed(connectors.get("hubspot"), "refresh")


def _values(slug: str, form: Form) -> dict[str, str]:
    from apps.connectors.registries import connectors

    names = {field.name for field in connectors.get(slug).fields} | {"token"}
    values = {name: value for name, value in SECRETS.items() if name in names}
    if "host" in names:
        values["host"] = form.host
    if slug == "mail":
        port = form.url.rpartition(":")[2].partition("/")[0]
        values["port"] = port if port.isascii() and port.isdigit() else "587"
    return values


def _connecting(slug: str) -> Caller:
    """A person connects a service and names its address; the service's own check is made by its SDK."""

    def call(form: Form) -> object:
        from apps.connectors import calling, credentials
        from apps.connectors.registries import connectors

        manifest = connectors.get(slug)
        secret = credentials.pack(_values(slug, form))
        ready = calling.call_for(manifest, base_url=form.url, secret=secret, timeout_s=TIMEOUT_S)
        with ready.wire.translated():
            return manifest.check(ready)

    return Caller(f"{slug}: connect", call, _files(slug), connects=slug != "http", http=slug != "mail")


def _action(slug: str, action: str) -> Caller:
    """A step of a workflow, through the stored address of its connection (``url`` of its inputs where there is none)."""

    def call(form: Form) -> object:
        from apps.connectors import actions, credentials
        from apps.connectors.registries import connectors

        chosen = connectors.get(slug).action(action)
        assert chosen is not None
        inputs = {**sample(chosen.input_schema), **({"url": form.url} if slug == "http" else {})}
        request = {"connector": slug, "action": action, "inputs": inputs, "connection_id": None}
        base, values = ("https://", {}) if slug == "http" else (form.url, _values(slug, form))
        unlocked = actions.Unlocked(secret=credentials.pack(values), base_url=base)
        return actions.perform(request, unlocked, key="key-1", timeout_s=TIMEOUT_S)

    return Caller(f"{slug}: {action}", call, _files(slug), connects=action != "presign", every=EVERY.get(slug, 6),
                  http=slug != "mail")  # fmt: skip


def _files(slug: str) -> tuple[str, ...]:
    own = {"http": "apps/connectors/providers/http/client.py", "mail": "apps/connectors/providers/mail/client.py",
           "notion": "apps/connectors/providers/notion/client.py"}  # fmt: skip
    shared = ("apps/connectors/wire.py", "apps/connectors/calling.py", "apps/connectors/connections.py",
              "apps/connectors/adapters.py")  # fmt: skip
    return (own[slug], *shared) if slug in own else shared


class Said(Exception):
    """The product answered with words instead of an exception."""


def sample(schema: Mapping[str, Json], name: str = "") -> Json:  # noqa: PLR0911 - one line for each sort
    """A value that fits a schema of an action's inputs."""
    if "default" in schema:
        return schema["default"]
    if "enum" in schema:
        return schema["enum"][0]
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return sample(schema[choice][0], name)
    kind = schema.get("type", "string")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        if not schema.get("properties"):
            return {"a": "a"}
        wanted = schema.get("required", ())
        return {one: sample(part, one) for one, part in schema.get("properties", {}).items() if one in wanted}
    if kind == "array":
        return [sample(schema.get("items", {}), name)] * max(1, schema.get("minItems", 1))
    if kind in ("integer", "number", "boolean"):
        return schema.get("minimum", 1) if kind != "boolean" else True
    if schema.get("format") == "email" or "@" in schema.get("pattern", ""):
        return "ana@customer.example"
    return "a" * max(1, schema.get("minLength", 1))
