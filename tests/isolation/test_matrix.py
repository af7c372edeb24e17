"""T2: every address of a tenant's host, for every role, with a foreign tenant's ids in path, query, body and headers.

The answer to a foreign id must be the answer to an id nobody has; nothing of the foreign tenant may come back or change.
"""

import copy
import difflib
import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.cache import caches
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from apps.accounts.models import Membership, User
from apps.accounts.services.tokens import start_session
from apps.tenants.facade import get_tenant
from tests.isolation.routes import CANARY, DECLARED, UNKNOWN_INT, UNKNOWN_UUID, Victim, make_victim, routes

HOST = "acme.localhost"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
BACKEND = "django.contrib.auth.backends.ModelBackend"
PUBLIC_TABLES = ("accounts_membership", "accounts_invitation", "accounts_apisession", "tenants_tenantexport", "tenants_domain",
                 "tenants_tenantevent", "dispatch_workitem")  # fmt: skip
SHORT = 4  # an id as short as this appears in pages by chance
MASKS = (
    (re.compile(r'name="csrfmiddlewaretoken" value="[^"]*"'), "CSRF"),
    (re.compile(r"data:image/svg[^\"]+|\b[A-Z2-7]{32}\b|\b([A-Z2-7]{4} ){7}[A-Z2-7]{4}\b"), "SECRET"),
    (re.compile(r'<script id="js_data".*?</script>', re.DOTALL), "CHALLENGE"),
    (re.compile(r'"X-CSRFToken": "[^"]*"'), "CSRF"),
    (re.compile(r"\br[0-9a-f]{32}\b"), "REQUEST"),
    (re.compile(r'<input type="hidden"[^>]*value="[0-9a-f-]{32,36}"[^>]*>'), "FRESH"),
    (re.compile(r'nonce="[^"]*"|nonce-[A-Za-z0-9+/=_-]+'), "NONCE"),
    (re.compile(r"\d+ ms|\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)?"), "TIME"),
)
TENANT_ID = re.compile(r"tenant_id(=|%3D|%253D)(ID|\d+)")
ROLES = (
    "visitor", "viewer", "analyst", "approver", "editor", "admin", "owner", "staff", "foreign owner", "token", "foreign token",
)  # fmt: skip
PASS_EVERY_DOOR = {"owner", "token"}
# Between viewer and owner nothing is told apart but permissions: each address meets one of these, --long lets it meet all.
IN_TURN = ("analyst", "approver", "editor", "admin", "staff")

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture
def victim(outsider: User) -> Victim:
    return make_victim(outsider)


@pytest.fixture
def clients(user: User, member: User, viewer: User, staff: User, outsider: User) -> dict[str, Client]:
    """One client per role, all talking to acme."""
    User.objects.filter(pk=outsider.pk).update(
        email="stranger@elsewhere.example"
    )  # "globex" in a page is what is looked for
    people = {"viewer": viewer, "editor": member, "owner": user, "staff": staff, "foreign owner": outsider}
    people |= {role: _member_of_acme(role) for role in ("analyst", "approver", "admin")}
    made = {role: Client(SERVER_NAME=HOST) for role in ROLES}
    for role, person in people.items():
        made[role].force_login(person, backend=BACKEND)
    for role, person, slug in (("token", user, "acme"), ("foreign token", outsider, "globex")):
        tenant = get_tenant(slug=slug)
        pair = start_session(person=person, tenant_id=tenant.id, epoch=tenant.epoch)
        made[role].defaults["HTTP_AUTHORIZATION"] = f"Bearer {pair.access}"
    made["owner"].get(
        reverse("pwa:push_state", urlconf="echopilot.urls_tenant")
    )  # the installation's key is made once, here
    return made


def _member_of_acme(role: str) -> User:
    person = User.objects.create_user(f"{role}@acme.example", name=role.title())
    Membership.objects.create(user=person, tenant_id=get_tenant(slug="acme").id, role=role)
    return person


def test_every_address_with_a_parameter_says_what_a_foreign_one_is() -> None:
    undeclared = [route.name for route in routes() if route.parameters and route.name not in DECLARED]
    assert undeclared == []
    assert set(DECLARED) <= {route.name for route in routes()}


def test_a_foreign_id_in_the_path_is_an_unknown_one(
    victim: Victim, clients: dict[str, Client], request: pytest.FixtureRequest
) -> None:
    assert ask_for_foreign_ids(victim, clients, everyone=request.config.getoption("--long")) >= 1600


def askers(number: int, *, everyone: bool) -> list[str]:
    """The roles that ask the ``number``-th address, those at the top first."""
    roles = (
        ROLES if everyone else [role for role in ROLES if role not in IN_TURN or role == IN_TURN[number % len(IN_TURN)]]
    )
    return sorted(roles, key=lambda role: role not in PASS_EVERY_DOOR)


def ask_for_foreign_ids(victim: Victim, clients: dict[str, Client], *, like: str = "", everyone: bool = True) -> int:
    """Ask every address with a parameter whose name contains ``like`` for a foreign and an unknown id. Returns the requests.

    A method that even the roles at the top are told the view does not know is not asked by the others.
    """
    asked, before = 0, state_of(victim)
    for number, route in enumerate(route for route in routes() if route.parameters and like in route.name):
        ids = DECLARED[route.name](victim)
        paths = [route.path({name: pair[which] for name, pair in ids.items()}) for which in (0, 1)]
        values = [[pair[which] for pair in ids.values()] for which in (0, 1)]
        for method in METHODS:
            method_unknown = set()
            for role in askers(number, everyone=everyone):
                if method_unknown == PASS_EVERY_DOOR:
                    break
                answers = [send(clients[role], method, path) for path in paths]
                seen = [visible(answer, *ids) for answer, ids in zip(answers, values, strict=True)]
                assert seen[0] == seen[1], (route.name, role, method, difference(*seen))
                assert not leaks(answers[0]), (route.name, role, method)
                assert answers[0].status_code < 500, (route.name, role, method)
                method_unknown |= {role} if answers[0].status_code == 405 else set()
                asked += 2
    assert state_of(victim) == before
    return asked


def test_foreign_ids_in_query_body_and_headers_change_nothing(
    victim: Victim, clients: dict[str, Client], request: pytest.FixtureRequest
) -> None:
    asked, before = 0, state_of(victim)
    foreign, unknown = everywhere(victim, known=True), everywhere(victim, known=False)
    for number, route in enumerate(route for route in routes() if not route.parameters):
        for role in askers(number, everyone=request.config.getoption("--long")):
            for method in ("GET", "POST"):
                answers = [send(clients[role], method, route.template, **place) for place in (foreign, unknown)]
                seen = [
                    visible(answer, *place["data"].values())
                    for answer, place in zip(answers, (foreign, unknown), strict=True)
                ]
                assert seen[0] == seen[1], (route.name, role, method, difference(*seen))
                assert not leaks(answers[0]), (route.name, role, method)
                asked += 2
    assert state_of(victim) == before
    assert asked >= 1600


@pytest.mark.parametrize(
    ("hole", "place"),
    [
        ("member lookup without tenant", "member_"),
        ("export lookup without tenant", "export_"),
        ("session lookup without person", "session_"),
    ],
)
def test_the_matrix_finds_a_lookup_without_its_tenant(
    victim: Victim, clients: dict[str, Client], hole: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask_for_foreign_ids(victim, clients, like=place)
    seed_hole(hole, victim, monkeypatch)
    with pytest.raises(AssertionError):
        ask_for_foreign_ids(victim, clients, like=place)


def seed_hole(hole: str, victim: Victim, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write a mistake into the product."""
    from apps.accounts.models import ApiSession, Membership
    from apps.accounts.services import members
    from apps.accounts.views import sessions
    from apps.tenants.services import exporting

    if hole.startswith("member"):
        monkeypatch.setattr(members, "_locked", lambda membership_id: Membership.objects.filter(pk=membership_id).get())
    elif hole.startswith("export"):
        monkeypatch.setattr(exporting, "open_export", lambda export_id: __import__("pathlib").Path(
            exporting.TenantExport.objects.get(pk=export_id).path))  # fmt: skip
    else:
        monkeypatch.setattr(
            sessions, "revoke_own_session", lambda session_id, user_id: ApiSession.objects.get(pk=session_id).delete()
        )


def send(
    client: Client, method: str, path: str, data: dict[str, Any] | None = None, headers: dict[str, str] | None = None
) -> HttpResponse:
    """One request whose effects are undone, with empty rate limits; a crash of the view is an answer, too."""
    caches["default"].clear()
    client.raise_request_exception = False
    with undone(), cookies_kept(client):
        if method in {"GET", "POST"} and not path.startswith("/api/"):
            return client.generic(method, path, _form(data) if method == "POST" else "", headers=headers,
                                  content_type="application/x-www-form-urlencoded",
                                  QUERY_STRING=_form(data) if method == "GET" else "")  # fmt: skip
        return getattr(client, method.lower())(path, data or {}, content_type="application/json", headers=headers)


def _form(data: dict[str, Any] | None) -> str:
    from urllib.parse import urlencode

    return urlencode(data or {})


@contextmanager
def cookies_kept(client: Client) -> Iterator[None]:
    """Each request starts with the role's own cookies, none of an earlier answer (a waiting message, a state)."""
    before = copy.deepcopy(client.cookies)
    try:
        yield
    finally:
        client.cookies = before


@contextmanager
def undone() -> Iterator[None]:
    """A savepoint that is always rolled back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def everywhere(victim: Victim, *, known: bool) -> dict[str, Any]:
    """Foreign (or unknown) ids under every name somebody might read them by."""
    uuid, number = (str(victim.task), victim.membership) if known else (str(UNKNOWN_UUID), UNKNOWN_INT)
    slug, schema = (victim.tenant.slug, victim.tenant.schema_name) if known else ("nosuchworkspace", "t_000000000000")
    identifier = victim.tenant.id if known else UNKNOWN_INT
    data = {"task": uuid, "task_id": uuid, "id": uuid, "run": uuid, "cursor": uuid, "q": uuid, "membership_id": number,
            "invitation_id": number, "export_id": number, "tenant_id": identifier, "workspace": slug, "schema": schema}  # fmt: skip
    headers = {"X-Tenant": slug, "X-Tenant-Id": str(identifier), "X-Schema": schema, "Idempotency-Key": uuid,
               "X-Forwarded-Host": f"{slug}.localhost", "If-None-Match": uuid}  # fmt: skip
    return {"data": data, "headers": headers}


def visible(answer: HttpResponse, *ids: object) -> tuple[Any, ...]:
    """Status, telling headers and body, with the id itself and what changes at each request masked."""
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    text = body.decode("utf-8", "replace")
    location = answer.headers.get("Location", "")
    for pattern, mask in MASKS:
        text = pattern.sub(mask, text)
    for value in sorted((str(one) for one in ids if len(str(one)) > SHORT), key=len, reverse=True):
        text, location = (one.replace(value, "ID").replace(_quoted(value), "ID") for one in (text, location))
    text, location = (TENANT_ID.sub("TENANT", one) for one in (text, location))
    location = re.sub(r"state=[^&]*", "state=STATE", location)
    headers = {
        name: value for name, value in answer.headers.items() if name in {"Content-Type", "Allow", "WWW-Authenticate"}
    }
    return answer.status_code, headers, location, text


def difference(one: tuple[Any, ...], other: tuple[Any, ...]) -> str:
    """What differs, short enough to read."""
    lines = difflib.unified_diff(str(one).split("\\n"), str(other).split("\\n"), n=0, lineterm="")
    return " | ".join(lines)[:1500]


def _quoted(value: str) -> str:
    from urllib.parse import quote

    return quote(value)


def leaks(answer: HttpResponse) -> bool:
    """Whether anything of globex's own text came back."""
    return not answer.streaming and CANARY.encode() in answer.content


def state_of(victim: Victim) -> str:
    """A digest of all rows of globex: its schema, and what the public plane holds about it."""
    digest = hashlib.sha256()
    schema = victim.tenant.schema_name
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY 1", [schema])
        queries = [f'SELECT to_jsonb(t)::text FROM "{schema}"."{name}" t ORDER BY 1' for (name,) in cursor.fetchall()]
        queries += [
            f"SELECT to_jsonb(t)::text FROM public.{table} t WHERE tenant_id = {victim.tenant.id} ORDER BY 1"
            for table in ("accounts_membership", "accounts_invitation", "accounts_apisession", "tenants_tenantexport",
                          "tenants_domain", "tenants_tenantevent", "dispatch_workitem")
        ]  # fmt: skip
        for query in queries:
            cursor.execute(query)
            digest.update(repr(cursor.fetchall()).encode())
    return digest.hexdigest()
